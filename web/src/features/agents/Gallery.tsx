import { Button, Skeleton } from '@mantine/core';
import { IconFilterOff, IconPlus, IconSearchOff } from '@tabler/icons-react';
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Agent } from '~/api/agents';
import { EmptyState } from '~/components/EmptyState';
import { LoadFailed } from '~/components/LoadFailed';
import { LinkButton } from '~/components/links';
import page from '~/components/Page.module.css';
import { PageTitle } from '~/components/PageTitle';
import { useFormat } from '~/components/useFormat';
import { AgentCard } from './AgentCard';
import { choicesQuery, deleteAgent, duplicateAgent, type GalleryFilter, galleryQuery } from './api';
import classes from './Gallery.module.css';
import { GalleryFilters } from './GalleryFilters';
import { ImportButton } from './ImportButton';
import { NoAgents } from './NoAgents';
import { ReasonButton } from './ReasonButton';
import { UndoBar } from './UndoBar';
import { useRefusal } from './useMay';
import { useProblem } from './useProblem';

interface Props {
  kind: Agent['kind'];
  filter: GalleryFilter;
  setFilter(filter: GalleryFilter): void;
}

/** All agents of a kind, each one click away from a conversation. The filter is part of the address. */
export function Gallery({ kind, filter, setFilter }: Props) {
  const { t } = useTranslation('agents');
  const format = useFormat();
  const agents = useInfiniteQuery(galleryQuery(kind, filter));
  const { total: inAll } = useQuery(choicesQuery(kind)).data ?? {};
  const [gone, setGone] = useState<Agent>();
  const items = agents.data?.pages.flatMap((p) => p.items) ?? [];
  const { total = 0, counts } = agents.data?.pages[0] ?? {};
  const filtered = !!(filter.search || filter.status || filter.model || filter.language);
  const none = agents.isSuccess && items.length === 0 && !agents.isPlaceholderData;
  return (
    <div className={page.page}>
      <div className={page.head}>
        <div>
          <PageTitle subtitle={t(`subtitle.${kind}`)}>{t(`title.${kind}`)}</PageTitle>
        </div>
        <ImportButton />
        <CreateButton kind={kind} />
      </div>
      {(inAll !== 0 || filtered) && (
        <div className={classes.bar}>
          <p className={classes.count} role="status">
            {counts && (
              <>
                <b>{t('count', { count: counts.active + counts.draft })}</b>
                {' · '}
                {t('countActive', { count: counts.active })}
                {' · '}
                {t('countDraft', { count: counts.draft })}
              </>
            )}
          </p>
          <GalleryFilters kind={kind} filter={filter} setFilter={setFilter} />
        </div>
      )}
      {agents.isPending && <Waiting />}
      {agents.isError && <LoadFailed error={agents.error} retry={() => void agents.refetch()} />}
      {none && filtered && (
        <EmptyState icon={IconSearchOff} title={t('noMatch.title')} text={t('noMatch.text')}>
          <Button
            leftSection={<IconFilterOff size={16} stroke={1.8} aria-hidden />}
            onClick={() => setFilter({ sort: filter.sort })}
          >
            {t('noMatch.reset')}
          </Button>
        </EmptyState>
      )}
      {none && !filtered && <NoAgents kind={kind} />}
      {items.length > 0 && (
        <>
          <ul className={classes.grid} aria-busy={agents.isPlaceholderData}>
            {items.map((agent) => (
              <li key={agent.id}>
                <Entry agent={agent} removed={setGone} />
              </li>
            ))}
          </ul>
          {(agents.hasNextPage || filtered) && (
            <div className={classes.foot}>
              <span>{t('shown', { shown: format.number(items.length), total: format.number(total) })}</span>
              {agents.hasNextPage && (
                <Button
                  variant="default"
                  loading={agents.isFetchingNextPage}
                  onClick={() => void agents.fetchNextPage()}
                >
                  {t('more')}
                </Button>
              )}
            </div>
          )}
        </>
      )}
      {gone && <UndoBar key={gone.id} agent={gone} close={() => setGone(undefined)} />}
    </div>
  );
}

function CreateButton({ kind }: { kind: Agent['kind'] }) {
  const { t } = useTranslation('agents');
  const reason = useRefusal('agents:write');
  const icon = <IconPlus size={16} stroke={2} aria-hidden />;
  if (reason) {
    return (
      <ReasonButton reason={reason} leftSection={icon}>
        {t('create')}
      </ReasonButton>
    );
  }
  return (
    <LinkButton to="/agents/unified/create" search={{ kind }} leftSection={icon}>
      {t('create')}
    </LinkButton>
  );
}

/** A card with what its buttons do; what fails is said under it. */
function Entry({ agent, removed }: { agent: Agent; removed(agent: Agent): void }) {
  const { problem } = useProblem();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const refresh = () => queries.invalidateQueries({ queryKey: ['agents'] });
  const copy = useMutation({
    mutationFn: () => duplicateAgent(agent.reference),
    onSuccess: (made) => {
      void refresh();
      return navigate({ to: '/agents/unified/create', search: { agent: made.reference, step: 5 } });
    },
  });
  const removal = useMutation({
    mutationFn: () => deleteAgent(agent.reference),
    onSuccess: async () => {
      removed(agent);
      await refresh();
    },
  });
  const error = copy.error ?? removal.error;
  return (
    <div className={classes.entry}>
      <AgentCard
        agent={agent}
        duplicate={() => copy.mutate()}
        remove={() => removal.mutate()}
        busy={copy.isPending || removal.isPending}
      />
      {error && (
        <p className={classes.failed} role="alert">
          {problem(error)}
        </p>
      )}
    </div>
  );
}

function Waiting() {
  const { t } = useTranslation();
  return (
    <div className={classes.grid} role="status" aria-label={t('loading')}>
      {[0, 1, 2].map((n) => (
        <Skeleton key={n} height={268} radius="lg" className={classes.waiting} />
      ))}
    </div>
  );
}
