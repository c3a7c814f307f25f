import { Button, Menu, Skeleton } from '@mantine/core';
import { IconBraces, IconDownload, IconFilterOff, IconMessages, IconTable } from '@tabler/icons-react';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { type CallSearch, exportUrl, isFiltered } from '~/components/callSearch';
import { EmptyState } from '~/components/EmptyState';
import { LoadFailed } from '~/components/LoadFailed';
import { LinkButton } from '~/components/links';
import page from '~/components/Page.module.css';
import { PageTitle } from '~/components/PageTitle';
import { useFormat } from '~/components/useFormat';
import { callsQuery } from './api';
import { CallTable } from './CallTable';
import { Filters } from './Filters';
import classes from './History.module.css';

interface Props {
  search: CallSearch;
  setSearch(search: CallSearch): void;
}

/** All conversations, or those that the filters leave, in the order of choice. */
export function History({ search, setSearch }: Props) {
  const { t } = useTranslation(['calls', 'common']);
  const format = useFormat();
  const calls = useInfiniteQuery(callsQuery(search));
  const items = calls.data?.pages.flatMap((p) => p.items) ?? [];
  const total = calls.data?.pages[0]?.total ?? 0;
  const reset = () => setSearch({ sort: search.sort, order: search.order });
  return (
    <div className={page.page}>
      <div className={page.head}>
        <div>
          <PageTitle subtitle={t('subtitle')}>{t('title')}</PageTitle>
        </div>
        {isFiltered(search) && items.length > 0 && (
          <Button variant="subtle" leftSection={<IconFilterOff size={16} aria-hidden />} onClick={reset}>
            {t('filter.reset')}
          </Button>
        )}
        <ExportMenu search={search} disabled={items.length === 0} />
      </div>
      <Filters search={search} setSearch={setSearch} />
      {calls.isPending && <Skeleton height={320} radius="lg" className={classes.waiting} />}
      {calls.isError && !calls.data && <LoadFailed error={calls.error} retry={() => void calls.refetch()} />}
      {calls.isSuccess && items.length === 0 && <Nothing filtered={isFiltered(search)} reset={reset} />}
      {items.length > 0 && (
        <>
          <div className={page.card} data-old={calls.isPlaceholderData || undefined}>
            <CallTable calls={items} total={total} search={search} setSearch={setSearch} />
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

function ExportMenu({ search, disabled }: { search: CallSearch; disabled: boolean }) {
  const { t } = useTranslation('calls');
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC';
  return (
    <Menu position="bottom-end" width={240} shadow="md" radius="lg" disabled={disabled}>
      <Menu.Target>
        <Button variant="default" disabled={disabled} leftSection={<IconDownload size={16} stroke={1.8} aria-hidden />}>
          {t('list.export')}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item
          component="a"
          href={exportUrl(search, 'csv', zone)}
          download
          leftSection={<IconTable size={17} aria-hidden />}
        >
          {t('list.csv')}
        </Menu.Item>
        <Menu.Item
          component="a"
          href={exportUrl(search, 'json', zone)}
          download
          leftSection={<IconBraces size={17} aria-hidden />}
        >
          {t('list.json')}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
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
