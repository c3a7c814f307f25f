import { Button, Modal } from '@mantine/core';
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { LoadFailed } from '~/components/LoadFailed';
import { Problem } from '~/components/Problem';
import { useFormat } from '~/components/useFormat';
import { Chip } from '~/ui/Chip';
import { diffQuery, type FlowDetail, type FlowVersion, flowQuery, rollBack, versionsQuery } from './api';
import classes from './flows.module.css';

interface Props {
  flow: FlowDetail;
  fixed: boolean;
  close(): void;
}

/** What the flow was, and the way back. */
export default function Versions({ flow, fixed, close }: Props) {
  const { t } = useTranslation('flows');
  const { t: common } = useTranslation();
  const queries = useQueryClient();
  const versions = useInfiniteQuery(versionsQuery(flow.id));
  const [compared, compare] = useState<number>();
  const back = useMutation({
    mutationFn: (version: number) => rollBack(flow.id, version),
    onSuccess: async () => {
      close();
      await queries.invalidateQueries({ queryKey: flowQuery(flow.id).queryKey });
      await queries.invalidateQueries({ queryKey: ['flows', 'list'] });
    },
  });
  const items = versions.data?.pages.flatMap((p) => p.items) ?? [];
  return (
    <Modal
      opened
      onClose={close}
      title={t('versions.title')}
      size="lg"
      closeButtonProps={{ 'aria-label': common('close') }}
    >
      {versions.isError && <LoadFailed error={versions.error} retry={() => void versions.refetch()} />}
      <Problem error={back.error} />
      <ol className={classes.versions}>
        {items.map((v) => (
          <li key={v.number}>
            <Line version={v} />
            {!v.current && (
              <span className={classes.row}>
                <Button
                  variant="subtle"
                  size="compact-sm"
                  aria-expanded={compared === v.number}
                  onClick={() => compare(compared === v.number ? undefined : v.number)}
                >
                  {t('versions.compare', { number: v.number })}
                </Button>
                {!fixed && (
                  <Button
                    variant="default"
                    size="compact-sm"
                    loading={back.isPending && back.variables === v.number}
                    onClick={() => back.mutate(v.number)}
                  >
                    {t('versions.back', { number: v.number })}
                  </Button>
                )}
              </span>
            )}
            {compared === v.number && <Differences id={flow.id} from={v.number} to={items[0]?.number ?? v.number} />}
          </li>
        ))}
      </ol>
      {versions.hasNextPage && (
        <Button variant="default" loading={versions.isFetchingNextPage} onClick={() => void versions.fetchNextPage()}>
          {t('versions.more')}
        </Button>
      )}
    </Modal>
  );
}

function Line({ version: v }: { version: FlowVersion }) {
  const { t } = useTranslation('flows');
  const format = useFormat();
  return (
    <p className={classes.version}>
      <b>{t('versions.number', { number: v.number })}</b>
      <span>{t('changedBy', { by: v.by || '—', at: v.at ? format.dateTime(v.at) : '—' })}</span>
      {v.live && (
        <Chip small tone="pos">
          {t('versions.live')}
        </Chip>
      )}
      {v.draft && (
        <Chip small tone="warn">
          {t('state.draft')}
        </Chip>
      )}
      {v.note && <span>{v.note}</span>}
    </p>
  );
}

function Differences({ id, from, to }: { id: string; from: number; to: number }) {
  const { t } = useTranslation('flows');
  const diff = useQuery(diffQuery(id, from, to));
  if (diff.isError) return <LoadFailed error={diff.error} retry={() => void diff.refetch()} />;
  if (diff.data?.items.length === 0) return <p className={classes.help}>{t('versions.same')}</p>;
  return (
    <table className={classes.diff}>
      <thead>
        <tr>
          <th scope="col">{t('versions.what')}</th>
          <th scope="col">{t('versions.number', { number: from })}</th>
          <th scope="col">{t('versions.number', { number: to })}</th>
        </tr>
      </thead>
      <tbody>
        {diff.data?.items.map((x) => (
          <tr key={x.path}>
            <th scope="row">
              <code>{x.path}</code>
            </th>
            <td>{shown(x.before)}</td>
            <td>{shown(x.after)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function shown(value: unknown): string {
  if (value === null || value === undefined) return '—';
  if (Array.isArray(value) && value.every((x) => typeof x === 'string')) return value.join(' / ');
  return typeof value === 'string' ? value : JSON.stringify(value);
}
