import { Skeleton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { LoadFailed } from '~/components/LoadFailed';
import page from '~/components/Page.module.css';
import { useFormat } from '~/components/useFormat';
import { Chip } from '~/ui/Chip';
import { statsQuery } from './api';
import classes from './Stats.module.css';

const bars = 3;

/** The figures of all calls, as they change. */
export function Stats() {
  const { t } = useTranslation('realtime');
  const format = useFormat();
  const stats = useQuery(statsQuery());
  if (stats.isError && !stats.data) {
    return (
      <div className={`${page.card} ${classes.failed}`}>
        <LoadFailed error={stats.error} retry={() => void stats.refetch()} />
      </div>
    );
  }
  const s = stats.data;
  return (
    <section className={`${page.card} ${classes.stats}`} aria-label={t('stats.title')} aria-busy={!s}>
      <dl className={classes.figures}>
        <Figure name={t('stats.total')} value={s && format.number(s.total_calls)}>
          {s && s.active_calls > 0 && (
            <Chip tone="pos" dot="live" small>
              {t('stats.active', { count: s.active_calls, value: format.number(s.active_calls) })}
            </Chip>
          )}
        </Figure>
        <Figure name={t('stats.ended')} value={s && format.number(s.ended_calls)} />
        <Figure
          name={t('stats.mean')}
          value={s && (s.ended_calls > 0 ? format.clock(s.avg_duration_seconds * 1000) : '—')}
        />
        <Figure name={t('stats.events')} value={s && format.number(s.total_events)} />
      </dl>
      <Split title={t('stats.byModel')} counts={s?.calls_by_model} />
      <Split title={t('stats.byVoice')} counts={s?.calls_by_voice} />
    </section>
  );
}

function Figure({ name, value, children }: { name: string; value?: string; children?: ReactNode }) {
  return (
    <div className={classes.figure}>
      <dt>{name}</dt>
      <dd>
        {value === undefined ? <Skeleton height={30} width={64} /> : <b>{value}</b>}
        {children}
      </dd>
    </div>
  );
}

/** The most frequent ones, and the rest together. */
function Split({ title, counts = {} }: { title: string; counts?: Record<string, number> }) {
  const { t } = useTranslation('realtime');
  const format = useFormat();
  const rows = Object.entries(counts).sort(([a, m], [b, n]) => n - m || a.localeCompare(b));
  const total = rows.reduce((sum, [, n]) => sum + n, 0);
  const rest = rows.length > bars ? rows.splice(bars - 1) : [];
  if (rest.length > 0) rows.push([t('stats.others', { count: rest.length }), rest.reduce((sum, [, n]) => sum + n, 0)]);
  return (
    <div className={classes.split}>
      <h2 className={classes.title}>{title}</h2>
      {total === 0 && <p className={classes.none}>{t('stats.none')}</p>}
      <ul>
        {rows.map(([name, n]) => (
          <li key={name}>
            <span className={classes.name} title={name}>
              {name}
            </span>
            <span className={classes.track} aria-hidden>
              <i style={{ inlineSize: `${(100 * n) / total}%` }} />
            </span>
            <b>{format.number(n)}</b>
          </li>
        ))}
      </ul>
    </div>
  );
}
