import { Skeleton } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconKey, IconPlus } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import type { Key } from '~/api/client';
import { useAccess } from '~/components/access';
import { Confirm } from '~/components/Confirm';
import { EmptyState } from '~/components/EmptyState';
import { Forbidden } from '~/components/Forbidden';
import { GuardedButton } from '~/components/Guarded';
import { LoadFailed } from '~/components/LoadFailed';
import { PageTitle } from '~/components/PageTitle';
import { useFormat } from '~/components/useFormat';
import { Chip } from '~/ui/Chip';
import { keysQuery, revokeKey } from './api';
import { KeyDialog } from './KeyDialog';
import { Section } from './Section';
import { useScopeWords } from './scopes';
import classes from './settings.module.css';

/** The keys that programs come with. */
export function Keys() {
  const { t } = useTranslation('settings');
  const { allowed } = useAccess('keys:read');
  const keys = useQuery({ ...keysQuery(), enabled: allowed });
  const [making, dialog] = useDisclosure(false);
  if (!allowed) return <Forbidden needs="keys:read" title={t('keys.title')} />;
  const create = (
    <GuardedButton
      needs="keys:write"
      leftSection={<IconPlus size={17} stroke={1.9} aria-hidden />}
      onClick={dialog.open}
    >
      {t('keys.create')}
    </GuardedButton>
  );
  return (
    <>
      <div className={classes.head}>
        <div>
          <PageTitle subtitle={t('keys.subtitle')}>{t('keys.title')}</PageTitle>
        </div>
        {keys.data && keys.data.items.length > 0 && create}
      </div>
      <KeyDialog opened={making} close={dialog.close} />
      {keys.isPending && <Skeleton height={220} radius="lg" />}
      {keys.isError && <LoadFailed error={keys.error} retry={() => void keys.refetch()} />}
      {keys.data?.items.length === 0 && (
        <EmptyState icon={IconKey} title={t('keys.emptyTitle')} text={t('keys.emptyText')}>
          {create}
        </EmptyState>
      )}
      {keys.data && keys.data.items.length > 0 && (
        <Section title={t('keys.count', { count: keys.data.total })} flush>
          <div className={classes.tableBox}>
            <table className={classes.table}>
              <thead>
                <tr>
                  <th scope="col">{t('keys.name')}</th>
                  <th scope="col">{t('keys.scopes')}</th>
                  <th scope="col">{t('keys.used')}</th>
                  <th scope="col">{t('keys.expires')}</th>
                  <th scope="col">
                    <span className={classes.hidden}>{t('actions')}</span>
                  </th>
                </tr>
              </thead>
              <tbody>
                {keys.data.items.map((k) => (
                  <Row key={k.id} item={k} />
                ))}
              </tbody>
            </table>
          </div>
        </Section>
      )}
    </>
  );
}

function Row({ item }: { item: Key }) {
  const { t } = useTranslation('settings');
  const format = useFormat();
  const queries = useQueryClient();
  const scope = useScopeWords();
  const [asking, ask] = useDisclosure(false);
  const removal = useMutation({
    mutationFn: () => revokeKey(item.id),
    onSuccess: () => queries.invalidateQueries({ queryKey: keysQuery().queryKey }),
  });
  return (
    <tr>
      <th scope="row">
        <strong>{item.name}</strong>
        <code className={classes.weak}>{item.hint}…</code>
        <span className={classes.weak}>
          {t('keys.by', { name: item.created_by, at: format.dateTime(item.created_at) })}
        </span>
      </th>
      <td>
        <span className={classes.chips}>
          {item.scopes.map((s) => (
            <Chip key={s} small>
              {scope(s)}
            </Chip>
          ))}
        </span>
      </td>
      <td>
        {item.used_at ? (
          <>
            {format.dateTime(item.used_at)}
            <span className={classes.weak}>{item.used_from}</span>
          </>
        ) : (
          t('keys.never')
        )}
      </td>
      <td>{item.expired ? <Chip tone="neg">{t('keys.expired')}</Chip> : format.dateTime(item.expires_at)}</td>
      <td className={classes.end}>
        <GuardedButton
          needs="keys:write"
          variant="subtle"
          size="xs"
          className={classes.danger}
          aria-label={t('keys.revokeOf', { name: item.name })}
          onClick={ask.open}
        >
          {t('keys.revoke')}
        </GuardedButton>
        <Confirm
          opened={asking}
          title={t('keys.revokeTitle', { name: item.name })}
          text={t('keys.revokeText')}
          confirm={t('keys.revoke')}
          pending={removal.isPending}
          error={removal.error}
          close={ask.close}
          go={() => removal.mutate()}
        />
      </td>
    </tr>
  );
}
