import { Button, Skeleton } from '@mantine/core';
import { IconArrowBackUp } from '@tabler/icons-react';
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { type AgentDetail, type AgentVersion, Changed } from '~/api/agents';
import { LoadFailed } from '~/components/LoadFailed';
import page from '~/components/Page.module.css';
import { useFormat } from '~/components/useFormat';
import { Chip } from '~/ui/Chip';
import classes from './AgentPage.module.css';
import { diffQuery, rollBackAgent, versionsQuery } from './api';
import { DiffTable } from './DiffTable';
import { ReasonButton } from './ReasonButton';
import { useFixed } from './useFixed';
import { useKeyWords } from './useKeyWords';
import { useProblem } from './useProblem';

interface Props {
  agent: AgentDetail;
  chosen?: number;
  choose(version: number): void;
}

/** Every version, what each changed, and the way back. */
export function Versions({ agent, chosen, choose }: Props) {
  const { t } = useTranslation('agents');
  const format = useFormat();
  const words = useKeyWords();
  const versions = useInfiniteQuery(versionsQuery(agent.reference));
  if (versions.isError) return <LoadFailed error={versions.error} retry={() => void versions.refetch()} />;
  if (!versions.data) return <Skeleton height={300} radius="lg" />;
  const items = versions.data.pages.flatMap((p) => p.items);
  const open = chosen ?? agent.version;
  return (
    <div className={classes.versions}>
      <div>
        <ol className={classes.versionList} aria-label={t('versions.title')}>
          {items.map((v) => (
            <li key={v.number}>
              <button
                type="button"
                className={`${page.card} ${classes.version}`}
                aria-current={v.number === open || undefined}
                onClick={() => choose(v.number)}
              >
                <span className={classes.versionHead}>
                  <b>{t('versions.number', { number: v.number })}</b>
                  {v.current && (
                    <Chip small tone="pos">
                      {t('versions.current')}
                    </Chip>
                  )}
                </span>
                <span className={classes.quiet}>
                  {[v.at && format.dateTime(v.at), words.author(v.by)].filter(Boolean).join(' · ')}
                </span>
                {v.note && <span className={classes.note}>{v.note}</span>}
              </button>
            </li>
          ))}
        </ol>
        {versions.hasNextPage && (
          <Button
            variant="default"
            fullWidth
            mt="sm"
            loading={versions.isFetchingNextPage}
            onClick={() => void versions.fetchNextPage()}
          >
            {t('more')}
          </Button>
        )}
      </div>
      <Version agent={agent} number={open} version={items.find((v) => v.number === open)} />
    </div>
  );
}

function Version({ agent, number, version }: { agent: AgentDetail; number: number; version?: AgentVersion }) {
  const { t } = useTranslation('agents');
  const { problem } = useProblem();
  const queries = useQueryClient();
  const fixed = useFixed(agent);
  const current = number === agent.version;
  const back = useMutation({
    mutationFn: () => rollBackAgent(agent.reference, agent.etag, number, t('versions.note', { number })),
    onSettled: () => queries.invalidateQueries({ queryKey: ['agents'] }),
  });
  return (
    <section className={`${page.card} ${classes.compare}`} aria-labelledby="version-title">
      <div className={classes.compareHead}>
        <h2 id="version-title">{t('versions.number', { number })}</h2>
        {!current && (
          <ReasonButton
            reason={fixed}
            loading={back.isPending}
            leftSection={<IconArrowBackUp size={16} stroke={1.8} aria-hidden />}
            onClick={() => back.mutate()}
          >
            {t('versions.back')}
          </ReasonButton>
        )}
      </div>
      {version?.note && <p className={classes.quiet}>{version.note}</p>}
      {back.error && (
        <p className={classes.failed} role="alert">
          {back.error instanceof Changed ? t('conflict.reloaded') : problem(back.error)}
        </p>
      )}
      {back.isSuccess && (
        <p className={classes.done} role="status">
          {t('versions.done', { number, now: back.data.version })}
        </p>
      )}
      {!current && (
        <Compared
          title={t('versions.toCurrent', { number: agent.version })}
          reference={agent.reference}
          from={number}
          to={agent.version}
        />
      )}
      {number > 1 ? (
        <Compared
          title={t('versions.changed', { number: number - 1 })}
          reference={agent.reference}
          from={number - 1}
          to={number}
        />
      ) : (
        current && <p className={classes.quiet}>{t('versions.first')}</p>
      )}
    </section>
  );
}

function Compared({ title, reference, from, to }: { title: string; reference: string; from: number; to: number }) {
  const { t } = useTranslation('agents');
  const diff = useQuery(diffQuery(reference, from, to));
  return (
    <div className={classes.compared}>
      <h3>{title}</h3>
      {diff.isError && <LoadFailed error={diff.error} retry={() => void diff.refetch()} />}
      {diff.isPending && <Skeleton height={80} />}
      {diff.data && (
        <DiffTable
          items={diff.data.items}
          before={t('versions.number', { number: from })}
          after={t('versions.number', { number: to })}
        />
      )}
    </div>
  );
}
