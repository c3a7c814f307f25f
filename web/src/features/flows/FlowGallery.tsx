import { Button, Skeleton, TextInput } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconCopy, IconPencil, IconPlus, IconRoute, IconSearch, IconSearchOff, IconTrash } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { useAccess } from '~/components/access';
import { Confirm } from '~/components/Confirm';
import { EmptyState } from '~/components/EmptyState';
import { Forbidden } from '~/components/Forbidden';
import { GuardedButton, GuardedIcon } from '~/components/Guarded';
import { LazyWords } from '~/components/LazyWords';
import { LoadFailed } from '~/components/LoadFailed';
import page from '~/components/Page.module.css';
import { PageTitle } from '~/components/PageTitle';
import { Problem } from '~/components/Problem';
import { Chip } from '~/ui/Chip';
import { copyFlow, deleteFlow, type Flow, flowsQuery, newFlow } from './api';
import classes from './flows.module.css';
import type { FlowFilter } from './search';
import { useTitle } from './useTitle';

interface Props {
  filter: FlowFilter;
  setFilter(filter: FlowFilter): void;
}

/** The call flows: those of the product, and one's own. */
export function FlowGallery(props: Props) {
  return (
    <LazyWords namespace="flows">
      <Flows {...props} />
    </LazyWords>
  );
}

function Flows({ filter, setFilter }: Props) {
  const { t } = useTranslation('flows');
  const { allowed } = useAccess('agents:read');
  const flows = useQuery({ ...flowsQuery(filter), enabled: allowed });
  const items = flows.data?.items ?? [];
  if (!allowed) return <Forbidden needs="agents:read" title={t('title')} />;
  return (
    <div className={page.page}>
      <div className={page.head}>
        <div>
          <PageTitle subtitle={t('subtitle')}>{t('title')}</PageTitle>
        </div>
        <TextInput
          type="search"
          aria-label={t('search')}
          placeholder={t('search')}
          leftSection={<IconSearch size={16} stroke={1.8} aria-hidden />}
          value={filter.search ?? ''}
          onChange={(e) => setFilter({ search: e.currentTarget.value || undefined })}
        />
        <Create />
      </div>
      {flows.isError && <LoadFailed error={flows.error} retry={() => void flows.refetch()} />}
      {flows.isPending && (
        <div className={classes.grid}>
          {[0, 1, 2].map((n) => (
            <Skeleton key={n} height={170} radius="lg" className={classes.waiting} />
          ))}
        </div>
      )}
      {flows.isSuccess && items.length === 0 && (
        <EmptyState icon={IconSearchOff} title={t('noMatch')} text={t('noMatchText')}>
          <Button onClick={() => setFilter({})}>{t('reset')}</Button>
        </EmptyState>
      )}
      <ul className={classes.grid} aria-busy={flows.isPlaceholderData}>
        {items.map((flow) => (
          <li key={flow.id}>
            <FlowCard flow={flow} />
          </li>
        ))}
      </ul>
    </div>
  );
}

function Create() {
  const { t, i18n } = useTranslation('flows');
  const navigate = useNavigate();
  const queries = useQueryClient();
  const lang = i18n.language;
  const make = useMutation({
    mutationFn: () =>
      newFlow({
        name: t('newName'),
        languages: [lang],
        start: 'start',
        nodes: [
          { id: 'start', kind: 'say', say: { [lang]: [t('newHello')] } },
          { id: 'bye', kind: 'end', say: { [lang]: [t('newBye')] } },
        ],
        edges: [{ from: 'start', to: 'bye' }],
      }),
    onSuccess: async (flow) => {
      await queries.invalidateQueries({ queryKey: ['flows', 'list'] });
      await navigate({ to: '/flows/$flowId', params: { flowId: flow.id } });
    },
  });
  return (
    <div>
      <GuardedButton
        needs="agents:write"
        loading={make.isPending}
        leftSection={<IconPlus size={16} stroke={2} aria-hidden />}
        onClick={() => make.mutate()}
      >
        {t('create')}
      </GuardedButton>
      <Problem error={make.error} />
    </div>
  );
}

function FlowCard({ flow }: { flow: Flow }) {
  const { t } = useTranslation('flows');
  const { allowed } = useAccess('agents:write');
  const navigate = useNavigate();
  const queries = useQueryClient();
  const [asking, ask] = useDisclosure(false);
  const { title, about } = useTitle(flow);
  const own = flow.source === 'own';
  const program = flow.nodes === 0 && !own;
  const copy = useMutation({
    mutationFn: () => copyFlow(flow.id),
    onSuccess: async (made) => {
      await queries.invalidateQueries({ queryKey: ['flows', 'list'] });
      await navigate({ to: '/flows/$flowId', params: { flowId: made.id } });
    },
  });
  const removal = useMutation({
    mutationFn: () => deleteFlow(flow.id),
    onSuccess: async () => {
      ask.close();
      await queries.invalidateQueries({ queryKey: ['flows'] });
    },
  });
  const open = { to: '/flows/$flowId', params: { flowId: flow.id } } as const;
  return (
    <article className={`${page.card} ${classes.card}`} aria-labelledby={`flow-${flow.id}`}>
      <header className={classes.cardHead}>
        <span className={classes.icon}>
          <IconRoute size={20} stroke={1.7} aria-hidden />
        </span>
        <h2 id={`flow-${flow.id}`}>
          {program ? (
            title
          ) : (
            <Link {...open} className={classes.open}>
              {title}
            </Link>
          )}
        </h2>
        <Chip tone={own ? 'brand' : 'info'}>{t(own ? 'own' : 'builtin')}</Chip>
      </header>
      <p className={classes.about}>{about || t(own ? 'noAbout' : 'builtinAbout')}</p>
      <p className={classes.chips}>
        <Chip small>{flow.languages.map((l) => l.toUpperCase()).join(' · ')}</Chip>
        {flow.nodes > 0 && <Chip small>{t('steps', { count: flow.nodes })}</Chip>}
        {flow.agents.length > 0 && (
          <Chip small tone="pos">
            {t('agents', { count: flow.agents.length })}
          </Chip>
        )}
        {own && <State flow={flow} />}
      </p>
      <Problem error={copy.error} />
      <footer className={classes.actions}>
        {own && allowed && (
          <>
            <GuardedIcon
              needs="agents:write"
              variant="subtle"
              color="gray"
              size="lg"
              aria-label={t('editOf', { name: title })}
              onClick={() => void navigate(open)}
            >
              <IconPencil size={18} stroke={1.8} aria-hidden />
            </GuardedIcon>
            <GuardedIcon
              needs="agents:write"
              variant="subtle"
              color="gray"
              size="lg"
              aria-label={t('deleteOf', { name: title })}
              onClick={ask.open}
            >
              <IconTrash size={18} stroke={1.8} aria-hidden />
            </GuardedIcon>
          </>
        )}
        {program ? (
          <span className={classes.small}>{t('program')}</span>
        ) : (
          <GuardedButton
            needs="agents:write"
            variant="default"
            size="sm"
            loading={copy.isPending}
            aria-label={t('copyOf', { name: title })}
            leftSection={<IconCopy size={16} stroke={1.8} aria-hidden />}
            onClick={() => copy.mutate()}
          >
            {t('copy')}
          </GuardedButton>
        )}
      </footer>
      <Confirm
        opened={asking}
        title={t('deletion.title', { name: title })}
        text={t('deletion.text')}
        confirm={t('deletion.confirm')}
        pending={removal.isPending}
        error={removal.error}
        close={() => {
          removal.reset();
          ask.close();
        }}
        go={() => removal.mutate()}
      />
    </article>
  );
}

/** Whether calls use the newest version. */
export function State({ flow }: { flow: Pick<Flow, 'live' | 'version' | 'problems'> }) {
  const { t } = useTranslation('flows');
  if (flow.live === 0)
    return (
      <Chip small tone="warn">
        {t('state.draft')}
      </Chip>
    );
  if (flow.live < flow.version)
    return (
      <Chip small tone="warn">
        {t('state.behind', { live: flow.live, version: flow.version })}
      </Chip>
    );
  return (
    <Chip small tone="pos">
      {t('state.live', { version: flow.version })}
    </Chip>
  );
}
