import { Skeleton } from '@mantine/core';
import { IconChecks } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { type Effect, proposedQuery } from '~/api/tools';
import { useAccess } from '~/components/access';
import { EmptyState } from '~/components/EmptyState';
import { Forbidden } from '~/components/Forbidden';
import { GuardedButton } from '~/components/Guarded';
import { LazyWords } from '~/components/LazyWords';
import { LoadFailed } from '~/components/LoadFailed';
import page from '~/components/Page.module.css';
import { PageTitle } from '~/components/PageTitle';
import { Problem } from '~/components/Problem';
import { useFormat } from '~/components/useFormat';
import { useSeconds } from '~/components/useSeconds';
import { Chip, type Tone } from '~/ui/Chip';
import { decidedQuery, decideEffect } from './api';
import { parsed } from './form';
import classes from './tools.module.css';

const everyMs = 2_000; // a caller waits

/** What agents want to do and somebody has to decide, oldest first, and what was decided before. */
export function Approvals() {
  return (
    <LazyWords namespace="tools">
      <Content />
    </LazyWords>
  );
}

function Content() {
  const { t } = useTranslation('tools');
  const { allowed } = useAccess('conversations:read');
  const waiting = useQuery({ ...proposedQuery(50), refetchInterval: everyMs, enabled: allowed });
  const decided = useQuery({
    ...decidedQuery(),
    // What was allowed is soon done or not.
    refetchInterval: ({ state }) =>
      state.data?.items.some((e) => e.state === 'authorised' || e.state === 'sent') ? everyMs : everyMs * 5,
    enabled: allowed,
  });
  if (!allowed) return <Forbidden needs="conversations:read" title={t('approvals.title')} />;
  const items = (waiting.data?.items ?? []).toSorted((a, b) => a.proposed_at.localeCompare(b.proposed_at));
  const past = (decided.data?.items ?? []).filter((e) => e.state !== 'proposed');
  return (
    <div className={page.page}>
      <div className={page.head}>
        <div>
          <PageTitle subtitle={t('approvals.subtitle')}>{t('approvals.title')}</PageTitle>
        </div>
      </div>
      {waiting.isPending && <Skeleton height={160} radius="lg" className={classes.waiting} />}
      {waiting.isError && <LoadFailed error={waiting.error} retry={() => void waiting.refetch()} />}
      {waiting.isSuccess && items.length === 0 && (
        <EmptyState icon={IconChecks} title={t('approvals.none')} text={t('approvals.noneText')} />
      )}
      <p className={classes.count} role="status">
        {items.length > 0 && t('approvals.count', { count: items.length })}
      </p>
      <ul className={classes.effects}>
        {items.map((e) => (
          <li key={e.id}>
            <Decision effect={e} />
          </li>
        ))}
      </ul>
      {decided.isError && <LoadFailed error={decided.error} retry={() => void decided.refetch()} />}
      {past.length > 0 && <Past items={past} />}
    </div>
  );
}

function Decision({ effect }: { effect: Effect }) {
  const { t } = useTranslation('tools');
  const queries = useQueryClient();
  const decide = useMutation({
    mutationFn: (allow: boolean) => decideEffect(effect.id, allow),
    onSettled: () => queries.invalidateQueries({ queryKey: ['effects'] }),
  });
  const args = parsed(effect.arguments);
  return (
    <article className={`${page.card} ${classes.effect}`} aria-label={effect.tool}>
      <header className={classes.head}>
        <div className={classes.names}>
          <h2>
            <code>{effect.tool}</code>
          </h2>
          <span className={classes.weak}>
            <Link to="/agents/voice-history/$sessionId" params={{ sessionId: effect.conversation }}>
              {t('approvals.conversation', { agent: effect.agent })}
            </Link>
          </span>
        </div>
        {effect.expires_at && <Left until={effect.expires_at} />}
      </header>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: long ones are scrolled by keyboard */}
      <pre className={classes.code} tabIndex={0}>
        {args === undefined ? effect.arguments : JSON.stringify(args, null, 2)}
      </pre>
      <Problem error={decide.error} />
      <footer className={classes.actions}>
        <GuardedButton
          needs="effects:decide"
          loading={decide.isPending && decide.variables}
          disabled={decide.isPending}
          aria-label={t('approvals.allowOf', { tool: effect.tool })}
          onClick={() => decide.mutate(true)}
        >
          {t('approvals.allow')}
        </GuardedButton>
        <GuardedButton
          needs="effects:decide"
          variant="default"
          loading={decide.isPending && !decide.variables}
          disabled={decide.isPending}
          aria-label={t('approvals.refuseOf', { tool: effect.tool })}
          onClick={() => decide.mutate(false)}
        >
          {t('approvals.refuse')}
        </GuardedButton>
      </footer>
    </article>
  );
}

/** How long there is to decide. */
function Left({ until }: { until: string }) {
  const { t } = useTranslation('tools');
  const format = useFormat();
  useSeconds(true);
  const ms = Math.max(0, Date.parse(until) - Date.now());
  return (
    <Chip tone={ms < 30_000 ? 'neg' : 'warn'} dot="live">
      {t('approvals.left', { time: format.clock(ms) })}
    </Chip>
  );
}

const tones: Record<Effect['state'], Tone> = {
  proposed: 'warn',
  authorised: 'info',
  sent: 'info',
  confirmed: 'pos',
  failed: 'neg',
};

function Past({ items }: { items: Effect[] }) {
  const { t, i18n } = useTranslation('tools');
  const format = useFormat();
  const why = (code: string) =>
    i18n.exists(`tools:effectCode.${code}`) ? t(`effectCode.${code}` as 'effectCode.refused') : code;
  return (
    <section className={`${page.card} ${classes.section}`}>
      <h2>{t('approvals.past')}</h2>
      <div className={classes.tableBox}>
        <table className={classes.table}>
          <thead>
            <tr>
              <th scope="col">{t('approvals.tool')}</th>
              <th scope="col">{t('approvals.state')}</th>
              <th scope="col">{t('approvals.by')}</th>
              <th scope="col">{t('approvals.at')}</th>
            </tr>
          </thead>
          <tbody>
            {items.map((e) => (
              <tr key={e.id}>
                <th scope="row">
                  <Link to="/agents/voice-history/$sessionId" params={{ sessionId: e.conversation }}>
                    {e.tool}
                  </Link>
                </th>
                <td>
                  <Chip small tone={tones[e.state]}>
                    {t(`state.${e.state}`)}
                  </Chip>
                  {e.code && <small className={classes.weak}>{why(e.code)}</small>}
                </td>
                <td>{e.decided_by || '—'}</td>
                <td>{format.dateTime(e.decided_at ?? e.settled_at ?? e.proposed_at)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
