import { Button, NativeSelect, Skeleton, TextInput } from '@mantine/core';
import { IconFilterOff, IconListSearch, IconX } from '@tabler/icons-react';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { useAccess } from '~/components/access';
import { EmptyState } from '~/components/EmptyState';
import { Forbidden } from '~/components/Forbidden';
import { LoadFailed } from '~/components/LoadFailed';
import { PageTitle } from '~/components/PageTitle';
import { useFormat } from '~/components/useFormat';
import { AuditRow } from './AuditRow';
import { type AuditFilter, auditQuery } from './api';
import { actions, useActionWords } from './audit';
import { Section } from './Section';
import classes from './settings.module.css';

interface Props {
  filter: AuditFilter;
  setFilter(filter: AuditFilter): void;
}

/** Who changed what, when, from where. The filter is part of the address. */
export function Audit({ filter, setFilter }: Props) {
  const { t } = useTranslation('settings');
  const format = useFormat();
  const { allowed } = useAccess('audit:read');
  const trail = useInfiniteQuery({ ...auditQuery(filter), enabled: allowed });
  if (!allowed) return <Forbidden needs="audit:read" title={t('audit.title')} />;
  const entries = trail.data?.pages.flatMap((p) => p.items) ?? [];
  const total = trail.data?.pages[0]?.total ?? 0;
  const filtered = Object.values(filter).some((value) => value !== undefined);
  return (
    <>
      <div className={classes.head}>
        <div>
          <PageTitle subtitle={t('audit.subtitle')}>{t('audit.title')}</PageTitle>
        </div>
      </div>
      <Filters filter={filter} setFilter={setFilter} nameOf={(id) => nameOf(entries, id)} />
      {trail.isPending && <Skeleton height={320} radius="lg" />}
      {trail.isError && <LoadFailed error={trail.error} retry={() => void trail.refetch()} />}
      {trail.isSuccess &&
        entries.length === 0 &&
        (filtered ? (
          <EmptyState icon={IconFilterOff} title={t('audit.noMatch')} text={t('audit.noMatchText')}>
            <Button onClick={() => setFilter({})}>{t('audit.resetFilters')}</Button>
          </EmptyState>
        ) : (
          <EmptyState icon={IconListSearch} title={t('audit.empty')} text={t('audit.emptyText')} />
        ))}
      {entries.length > 0 && (
        <>
          <Section
            title={t('audit.shown', { shown: format.number(entries.length), total: format.number(total) })}
            flush
          >
            <div className={classes.tableBox}>
              <table className={classes.table}>
                <thead>
                  <tr>
                    <th scope="col">{t('audit.when')}</th>
                    <th scope="col">{t('audit.who')}</th>
                    <th scope="col">{t('audit.what')}</th>
                    <th scope="col">{t('audit.changes')}</th>
                  </tr>
                </thead>
                <tbody>
                  {entries.map((e) => (
                    <AuditRow key={e.id} entry={e} narrow={(more) => setFilter({ ...filter, ...more })} />
                  ))}
                </tbody>
              </table>
            </div>
          </Section>
          {trail.hasNextPage && (
            <Button variant="default" loading={trail.isFetchingNextPage} onClick={() => void trail.fetchNextPage()}>
              {t('audit.more')}
            </Button>
          )}
        </>
      )}
    </>
  );
}

/** The name under which an id appears in the list, for the chips of the filter. */
function nameOf(
  entries: { actor: { id: string; name: string }; target: { id: string; name: string } }[],
  id: string,
): string {
  for (const e of entries) {
    if (e.actor.id === id) return e.actor.name;
    if (e.target.id === id) return e.target.name;
  }
  return id;
}

function Filters({ filter, setFilter, nameOf: name }: Props & { nameOf(id: string): string }) {
  const { t } = useTranslation('settings');
  const words = useActionWords();
  const known = actions.some((a) => a === filter.action);
  return (
    <div className={classes.filters}>
      <NativeSelect
        label={t('audit.action')}
        value={filter.action ?? ''}
        onChange={(e) => setFilter({ ...filter, action: e.currentTarget.value || undefined })}
        data={[
          { value: '', label: t('audit.any') },
          ...actions.map((a) => ({ value: a, label: words(a) })),
          ...(filter.action && !known ? [{ value: filter.action, label: filter.action }] : []),
        ]}
      />
      <TextInput
        type="date"
        label={t('audit.from')}
        value={filter.from ?? ''}
        max={filter.to}
        onChange={(e) => setFilter({ ...filter, from: e.currentTarget.value || undefined })}
      />
      <TextInput
        type="date"
        label={t('audit.to')}
        value={filter.to ?? ''}
        min={filter.from}
        onChange={(e) => setFilter({ ...filter, to: e.currentTarget.value || undefined })}
      />
      {filter.actor && (
        <Only
          text={t('audit.onlyActor', { name: name(filter.actor) })}
          clear={() => setFilter({ ...filter, actor: undefined })}
        />
      )}
      {filter.target && (
        <Only
          text={t('audit.onlyTarget', { name: name(filter.target) })}
          clear={() => setFilter({ ...filter, target: undefined })}
        />
      )}
    </div>
  );
}

function Only({ text, clear }: { text: string; clear(): void }) {
  const { t } = useTranslation('settings');
  return (
    <Button
      variant="light"
      rightSection={<IconX size={15} stroke={2} aria-hidden />}
      aria-label={t('audit.clear', { filter: text })}
      onClick={clear}
    >
      {text}
    </Button>
  );
}
