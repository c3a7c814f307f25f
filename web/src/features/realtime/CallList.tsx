import { ActionIcon, Button, SegmentedControl, Skeleton } from '@mantine/core';
import { IconChevronLeft, IconChevronRight, IconFilterOff, IconPhoneCall } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { EmptyState } from '~/components/EmptyState';
import { LoadFailed } from '~/components/LoadFailed';
import page from '~/components/Page.module.css';
import { useFormat } from '~/components/useFormat';
import { callListQuery, pageSize, type RealtimeSearch } from './api';
import classes from './CallList.module.css';
import { CallRow } from './CallRow';

interface Props {
  search: RealtimeSearch;
  /** The call of this page. */
  own?: string;
  go(search: RealtimeSearch): void;
}

/** All calls, newest first, whoever opened them. Filter and page are part of the address. */
export function CallList({ search, own, go }: Props) {
  const { t } = useTranslation('realtime');
  const calls = useQuery(callListQuery(search));
  const rows = calls.data?.data ?? [];
  return (
    <section className={page.card} aria-labelledby="realtime-calls">
      <div className={classes.head}>
        <h2 id="realtime-calls" className={classes.title}>
          {t('list.title')}
        </h2>
        <SegmentedControl
          size="xs"
          aria-label={t('list.filter')}
          value={search.status ?? ''}
          onChange={(status) => go({ status: (status || undefined) as RealtimeSearch['status'] })}
          data={[
            { value: '', label: t('list.all') },
            { value: 'active', label: t('list.active') },
            { value: 'ended', label: t('list.ended') },
          ]}
        />
      </div>
      {calls.isPending && (
        <div className={classes.waiting}>
          <Skeleton height={220} radius="md" />
        </div>
      )}
      {calls.isError && !calls.data && <LoadFailed error={calls.error} retry={() => void calls.refetch()} />}
      {calls.isSuccess && rows.length === 0 && <Nothing search={search} go={go} />}
      {rows.length > 0 && (
        <div className={classes.scroll} data-stale={calls.isPlaceholderData || undefined}>
          <table className={classes.table} aria-labelledby="realtime-calls">
            <thead>
              <tr>
                <th scope="col">{t('column.call')}</th>
                <th scope="col" className={classes.extra}>
                  {t('column.model')}
                </th>
                <th scope="col" className={classes.extra}>
                  {t('column.voice')}
                </th>
                <th scope="col">{t('column.status')}</th>
                <th scope="col" className={classes.extra}>
                  {t('column.started')}
                </th>
                <th scope="col" className={classes.figure}>
                  {t('column.duration')}
                </th>
                <td />
              </tr>
            </thead>
            <tbody>
              {rows.map((call) => (
                <CallRow key={call.call_id} call={call} own={call.call_id === own} search={search} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      {calls.data && rows.length > 0 && <Pages search={search} go={go} shown={rows.length} total={calls.data.total} />}
    </section>
  );
}

function Nothing({ search, go }: Omit<Props, 'own'>) {
  const { t } = useTranslation('realtime');
  if (!search.status && !search.page) {
    return <EmptyState icon={IconPhoneCall} title={t('list.empty.title')} text={t('list.empty.text')} />;
  }
  return (
    <EmptyState icon={IconFilterOff} title={t('list.noMatch.title')} text={t('list.noMatch.text')}>
      <Button variant="default" onClick={() => go({})}>
        {t('list.reset')}
      </Button>
    </EmptyState>
  );
}

function Pages({ search, go, shown, total }: Omit<Props, 'own'> & { shown: number; total: number }) {
  const { t } = useTranslation('realtime');
  const format = useFormat();
  const at = search.page ?? 1;
  const from = (at - 1) * pageSize;
  const turn = (to: number) => go({ ...search, page: to > 1 ? to : undefined });
  return (
    <nav className={classes.foot} aria-label={t('list.pages')}>
      <span>
        {t('list.shown', {
          from: format.number(from + 1),
          to: format.number(from + shown),
          total: format.number(total),
        })}
      </span>
      {total > pageSize && (
        <span className={classes.turn}>
          <ActionIcon
            variant="default"
            size={30}
            aria-label={t('list.newer')}
            disabled={at === 1}
            onClick={() => turn(at - 1)}
          >
            <IconChevronLeft size={16} aria-hidden />
          </ActionIcon>
          <ActionIcon
            variant="default"
            size={30}
            aria-label={t('list.older')}
            disabled={from + shown >= total}
            onClick={() => turn(at + 1)}
          >
            <IconChevronRight size={16} aria-hidden />
          </ActionIcon>
        </span>
      )}
    </nav>
  );
}
