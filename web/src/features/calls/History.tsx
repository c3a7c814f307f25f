import { Button, NativeSelect, Skeleton } from '@mantine/core';
import { IconFilterOff, IconMessages } from '@tabler/icons-react';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import type { Conversation } from '~/api/client';
import { EmptyState } from '~/components/EmptyState';
import { LoadFailed } from '~/components/LoadFailed';
import { LinkButton } from '~/components/links';
import page from '~/components/Page.module.css';
import { PageTitle } from '~/components/PageTitle';
import { useFormat } from '~/components/useFormat';
import { agentNamesQuery, type CallFilter, callsQuery } from './api';
import { CallTable } from './CallTable';
import classes from './History.module.css';

interface Props {
  filter: CallFilter;
  setFilter(filter: CallFilter): void;
}

/** All conversations, newest first. The filter is part of the address. */
export function History({ filter, setFilter }: Props) {
  const { t } = useTranslation(['calls', 'common']);
  const format = useFormat();
  const calls = useInfiniteQuery(callsQuery(filter));
  const items = calls.data?.pages.flatMap((p) => p.items) ?? [];
  const total = calls.data?.pages[0]?.total ?? 0;
  const filtered = filter.agent !== undefined || filter.status !== undefined;
  return (
    <div className={page.page}>
      <div className={page.head}>
        <div>
          <PageTitle subtitle={t('subtitle')}>{t('title')}</PageTitle>
        </div>
        <Filters filter={filter} setFilter={setFilter} />
      </div>
      {calls.isPending && <Skeleton height={320} radius="lg" className={classes.waiting} />}
      {calls.isError && <LoadFailed error={calls.error} retry={() => void calls.refetch()} />}
      {calls.isSuccess && items.length === 0 && <Nothing filtered={filtered} reset={() => setFilter({})} />}
      {items.length > 0 && (
        <>
          <div className={page.card}>
            <CallTable calls={items} />
          </div>
          <div className={classes.foot}>
            <span>{t('shown', { shown: format.number(items.length), total: format.number(total) })}</span>
            {calls.hasNextPage && (
              <Button variant="default" loading={calls.isFetchingNextPage} onClick={() => void calls.fetchNextPage()}>
                {t('more')}
              </Button>
            )}
          </div>
        </>
      )}
    </div>
  );
}

function Filters({ filter, setFilter }: Props) {
  const { t } = useTranslation('calls');
  const agents = useQuery(agentNamesQuery());
  const names = agents.data?.items ?? [];
  const unknown = filter.agent !== undefined && !names.some((a) => a.reference === filter.agent);
  return (
    <div className={classes.filters}>
      <NativeSelect
        label={t('filter.agent')}
        value={filter.agent ?? ''}
        onChange={(e) => setFilter({ ...filter, agent: e.currentTarget.value || undefined })}
        data={[
          { value: '', label: t('filter.all') },
          ...names.map((a) => ({ value: a.reference, label: a.name })),
          ...(unknown ? [{ value: filter.agent ?? '', label: filter.agent ?? '' }] : []),
        ]}
      />
      <NativeSelect
        label={t('filter.status')}
        value={filter.status ?? ''}
        onChange={(e) =>
          setFilter({ ...filter, status: (e.currentTarget.value || undefined) as Conversation['status'] })
        }
        data={[
          { value: '', label: t('filter.any') },
          { value: 'active', label: t('status.active') },
          { value: 'ended', label: t('status.ended') },
          { value: 'failed', label: t('status.failed') },
        ]}
      />
    </div>
  );
}

function Nothing({ filtered, reset }: { filtered: boolean; reset(): void }) {
  const { t } = useTranslation('calls');
  if (filtered) {
    return (
      <EmptyState icon={IconFilterOff} title={t('noMatch.title')} text={t('noMatch.text')}>
        <Button onClick={reset}>{t('filter.reset')}</Button>
      </EmptyState>
    );
  }
  return (
    <EmptyState icon={IconMessages} title={t('empty.title')} text={t('empty.text')}>
      <LinkButton to="/agents/gallery">{t('empty.action')}</LinkButton>
    </EmptyState>
  );
}
