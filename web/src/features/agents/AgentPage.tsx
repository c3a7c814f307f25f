import { Button, Skeleton, Tabs } from '@mantine/core';
import { IconCopy, IconDownload, IconPencil, IconPlayerPause, IconRocket, IconTrash } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { lazy, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { type AgentDetail, Changed } from '~/api/agents';
import { LazyWords } from '~/components/LazyWords';
import { LoadFailed } from '~/components/LoadFailed';
import { LinkButton } from '~/components/links';
import page from '~/components/Page.module.css';
import { PageTitle } from '~/components/PageTitle';
import { Chip } from '~/ui/Chip';
import { Orb } from '~/ui/Orb';
import { StatusChip, TalkButton } from './AgentCard';
import classes from './AgentPage.module.css';
import { agentQuery, deleteAgent, duplicateAgent, exportAddress, publishAgent, unpublishAgent } from './api';
import { Overview } from './Overview';
import { ReasonButton } from './ReasonButton';
import { type AgentSearch, galleryOf } from './search';
import { UndoBar } from './UndoBar';
import { useFixed } from './useFixed';
import { useRefusal } from './useMay';
import { useProblem } from './useProblem';
import { Versions } from './Versions';

const Embed = lazy(() => import('./Embed').then((m) => ({ default: m.Embed })));

interface Props {
  reference: string;
  search: AgentSearch;
  go(search: AgentSearch): void;
}

/** One agent: what it is made of, and what it was. */
export function AgentPage({ reference, search, go }: Props) {
  const { t } = useTranslation('agents');
  const agent = useQuery(agentQuery(reference));
  if (agent.isError) {
    return (
      <div className={page.page}>
        <LoadFailed page error={agent.error} retry={() => void agent.refetch()} />
      </div>
    );
  }
  if (!agent.data) {
    return (
      <div className={page.page}>
        <Skeleton height={64} radius="lg" mb={18} />
        <Skeleton height={360} radius="lg" />
      </div>
    );
  }
  const { data } = agent;
  return (
    <div className={page.page}>
      <Head agent={data} />
      <Tabs
        value={search.tab ?? 'overview'}
        onChange={(tab) => go(tab === 'versions' || tab === 'embed' ? { tab } : {})}
        keepMounted={false}
      >
        <Tabs.List mb="md">
          <Tabs.Tab value="overview">{t('overview.title')}</Tabs.Tab>
          <Tabs.Tab value="versions">{t('versions.title')}</Tabs.Tab>
          <Tabs.Tab value="embed">{t('embedTab')}</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="overview">
          <Overview agent={data} />
        </Tabs.Panel>
        <Tabs.Panel value="versions">
          <Versions agent={data} chosen={search.version} choose={(version) => go({ tab: 'versions', version })} />
        </Tabs.Panel>
        <Tabs.Panel value="embed">
          <LazyWords namespace="embed" waiting={<Skeleton height={360} radius="lg" />}>
            <Embed agent={data} />
          </LazyWords>
        </Tabs.Panel>
      </Tabs>
    </div>
  );
}

function Head({ agent }: { agent: AgentDetail }) {
  const { t } = useTranslation('agents');
  const { problem } = useProblem();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const fixed = useFixed(agent);
  const refusal = useRefusal('agents:write');
  const [gone, setGone] = useState(false);
  const { reference } = agent;
  const name = agent.name || t('nameless');
  const refresh = () => queries.invalidateQueries({ queryKey: ['agents'] });
  const status = useMutation({
    mutationFn: () =>
      agent.status === 'active' ? unpublishAgent(reference, agent.etag) : publishAgent(reference, agent.etag),
    onSettled: refresh,
  });
  const copy = useMutation({
    mutationFn: () => duplicateAgent(reference),
    onSuccess: async (made) => {
      void refresh();
      await navigate({ to: '/agents/unified/create', search: { agent: made.reference, step: 5 } });
    },
  });
  const removal = useMutation({ mutationFn: () => deleteAgent(reference), onSuccess: () => setGone(true) });
  const error = status.error ?? copy.error ?? removal.error;
  const icon = { size: 16, stroke: 1.8, 'aria-hidden': true };
  return (
    <>
      <div className={classes.head}>
        <Orb name={name} size={52} />
        <div className={classes.names}>
          <PageTitle>{name}</PageTitle>
          <p className={classes.under}>
            <code>{reference}</code>
            <StatusChip status={agent.status} />
            <Chip>{t('versions.number', { number: agent.version })}</Chip>
          </p>
        </div>
        <div className={classes.actions}>
          <TalkButton agent={agent} />
          {fixed ? (
            <ReasonButton variant="default" reason={fixed} leftSection={<IconPencil {...icon} />}>
              {t('edit')}
            </ReasonButton>
          ) : (
            <LinkButton
              variant="default"
              to="/agents/unified/create"
              search={{ agent: reference }}
              leftSection={<IconPencil {...icon} />}
            >
              {t('edit')}
            </LinkButton>
          )}
          <ReasonButton
            variant="default"
            reason={fixed}
            loading={status.isPending}
            leftSection={agent.status === 'active' ? <IconPlayerPause {...icon} /> : <IconRocket {...icon} />}
            onClick={() => status.mutate()}
          >
            {t(agent.status === 'active' ? 'unpublish' : 'publish')}
          </ReasonButton>
          <ReasonButton
            variant="default"
            reason={refusal}
            loading={copy.isPending}
            leftSection={<IconCopy {...icon} />}
            onClick={() => copy.mutate()}
          >
            {t('duplicate')}
          </ReasonButton>
          <LinkExport reference={reference} />
          <ReasonButton
            variant="default"
            reason={fixed}
            loading={removal.isPending}
            disabled={gone}
            leftSection={<IconTrash {...icon} />}
            onClick={() => removal.mutate()}
          >
            {t('delete')}
          </ReasonButton>
        </div>
      </div>
      {error && (
        <p className={classes.failed} role="alert">
          {error instanceof Changed ? t('conflict.reloaded') : problem(error)}
        </p>
      )}
      {gone && (
        <UndoBar
          agent={agent}
          close={(restored) => {
            setGone(false);
            void refresh();
            if (!restored) void navigate({ to: galleryOf[agent.kind] });
          }}
        />
      )}
    </>
  );
}

function LinkExport({ reference }: { reference: string }) {
  const { t } = useTranslation('agents');
  return (
    <Button
      component="a"
      variant="default"
      href={exportAddress(reference)}
      download
      leftSection={<IconDownload size={16} stroke={1.8} aria-hidden />}
    >
      {t('export')}
    </Button>
  );
}
