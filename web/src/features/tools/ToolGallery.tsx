import { Button, Skeleton } from '@mantine/core';
import { IconFilterOff, IconKey, IconPlus, IconSearchOff, IconTool } from '@tabler/icons-react';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { useAccess } from '~/components/access';
import { EmptyState } from '~/components/EmptyState';
import { Forbidden } from '~/components/Forbidden';
import { LazyWords } from '~/components/LazyWords';
import { LoadFailed } from '~/components/LoadFailed';
import { LinkButton } from '~/components/links';
import page from '~/components/Page.module.css';
import { PageTitle } from '~/components/PageTitle';
import { useFormat } from '~/components/useFormat';
import { type ToolFilter, toolsQuery } from './api';
import { ToolCard } from './ToolCard';
import { ToolFilters } from './ToolFilters';
import classes from './tools.module.css';

interface Props {
  filter: ToolFilter;
  setFilter(filter: ToolFilter): void;
}

/** The tools that agents can be given: the product's and one's own. The filter is part of the address. */
export function ToolGallery(props: Props) {
  return (
    <LazyWords namespace="tools">
      <Tools {...props} />
    </LazyWords>
  );
}

function Tools({ filter, setFilter }: Props) {
  const { t } = useTranslation('tools');
  const format = useFormat();
  const { allowed } = useAccess('tools:read');
  const tools = useInfiniteQuery({ ...toolsQuery(filter), enabled: allowed });
  const items = tools.data?.pages.flatMap((p) => p.items) ?? [];
  const total = tools.data?.pages[0]?.total ?? 0;
  const filtered = Object.values(filter).some(Boolean);
  const none = tools.isSuccess && items.length === 0 && !tools.isPlaceholderData;
  if (!allowed) return <Forbidden needs="tools:read" title={t('title')} />;
  return (
    <div className={page.page}>
      <div className={page.head}>
        <div>
          <PageTitle subtitle={t('subtitle')}>{t('title')}</PageTitle>
        </div>
        <LinkButton
          to="/tools/variables"
          variant="default"
          leftSection={<IconKey size={16} stroke={1.9} aria-hidden />}
        >
          {t('variables.title')}
        </LinkButton>
        <Create />
      </div>
      {(items.length > 0 || filtered) && (
        <div className={classes.bar}>
          <p className={classes.count} role="status">
            {tools.isSuccess && t('count', { count: total })}
          </p>
          <ToolFilters filter={filter} setFilter={setFilter} />
        </div>
      )}
      {tools.isPending && <Waiting />}
      {tools.isError && <LoadFailed error={tools.error} retry={() => void tools.refetch()} />}
      {none && filtered && (
        <EmptyState icon={IconSearchOff} title={t('noMatch.title')} text={t('noMatch.text')}>
          <Button leftSection={<IconFilterOff size={16} stroke={1.8} aria-hidden />} onClick={() => setFilter({})}>
            {t('noMatch.reset')}
          </Button>
        </EmptyState>
      )}
      {none && !filtered && (
        <EmptyState icon={IconTool} title={t('empty.title')} text={t('empty.text')}>
          <Create />
        </EmptyState>
      )}
      {items.length > 0 && (
        <>
          <ul className={classes.grid} aria-busy={tools.isPlaceholderData}>
            {items.map((tool) => (
              <li key={tool.id}>
                <ToolCard tool={tool} />
              </li>
            ))}
          </ul>
          {tools.hasNextPage && (
            <div className={classes.foot}>
              <span>{t('shown', { shown: format.number(items.length), total: format.number(total) })}</span>
              <Button variant="default" loading={tools.isFetchingNextPage} onClick={() => void tools.fetchNextPage()}>
                {t('more')}
              </Button>
            </div>
          )}
        </>
      )}
    </div>
  );
}

function Create() {
  const { t } = useTranslation('tools');
  const { allowed } = useAccess('tools:write');
  if (!allowed) return null;
  return (
    <LinkButton to="/tools/add" leftSection={<IconPlus size={16} stroke={2} aria-hidden />}>
      {t('create')}
    </LinkButton>
  );
}

function Waiting() {
  const { t } = useTranslation();
  return (
    <div className={classes.grid} role="status" aria-label={t('loading')}>
      {[0, 1, 2].map((n) => (
        <Skeleton key={n} height={196} radius="lg" className={classes.waiting} />
      ))}
    </div>
  );
}
