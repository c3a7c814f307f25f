import {
  IconActivity,
  IconClockHour4,
  IconCoins,
  IconCpu,
  IconHandStop,
  IconMessages,
  IconRobotFace,
} from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { Overview } from '~/api/client';
import type { CallSearch } from '~/components/callSearch';
import { GuardedButton } from '~/components/Guarded';
import { useFormat } from '~/components/useFormat';
import { slowMs, tooSlowMs, verdict } from '~/lib/latency';
import { Chip } from '~/ui/Chip';
import { Delta } from '~/ui/Delta';
import { Sparkline } from '~/ui/Sparkline';
import type { Period } from './api';
import { Card, Figure } from './Card';
import classes from './Cards.module.css';

interface Props {
  data: Overview;
  period: Period;
  /** Columns of twelve. */
  span?: 3 | 4;
}

/** How much more than before, as a part; undefined when there was nothing. */
const growth = (now: number, before: number) => (before > 0 ? now / before - 1 : undefined);

function Change({ now, before, upIsGood }: { now: number; before: number; upIsGood?: boolean }) {
  const { t } = useTranslation('home');
  const format = useFormat();
  const change = growth(now, before);
  if (change === undefined) return null;
  return (
    <span title={t('thanBefore')}>
      <Delta change={Math.round(change * 1000)} upIsGood={upIsGood}>
        {format.percent(Math.abs(change))}
      </Delta>
    </span>
  );
}

export function ConversationsCard({ data, period }: Props) {
  const { t } = useTranslation('home');
  const format = useFormat();
  const most = Math.max(...data.live);
  return (
    <Card
      icon={IconMessages}
      title={t('conversations.title')}
      span={3}
      to={{ period }}
      aside={<Change now={data.total.conversations} before={data.previous.conversations} upIsGood />}
    >
      <p className={classes.line}>
        <Figure>{format.number(data.total.conversations)}</Figure>
        <Link to="/agents/voice-history" search={{ status: 'active' }} className={classes.chipLink}>
          <Chip tone={data.active > 0 ? 'pos' : 'plain'} dot={data.active > 0 ? 'live' : true}>
            {t('conversations.active', { count: data.active })}
          </Chip>
        </Link>
      </p>
      <div className={classes.grow} />
      {most > 0 ? (
        <Sparkline
          values={data.live}
          label={t('conversations.trend', { most: format.number(most), now: format.number(data.active) })}
        />
      ) : (
        <p className={classes.quiet}>{t('conversations.quiet')}</p>
      )}
      <p className={classes.foot}>{t('conversations.last')}</p>
    </Card>
  );
}

export function BusinessCard({ data, period, openRate }: Props & { openRate(): void }) {
  const { t } = useTranslation('home');
  const format = useFormat();
  const { total, previous, rate } = data;
  const minutes = total.duration_ms / 60_000;
  const revenue = data.series.map((s) => s.revenue);
  const collected = revenue.filter((r) => r > 0).length > 1;
  return (
    <Card
      icon={IconCoins}
      title={t('business.title')}
      span={6}
      to={{ period }}
      aside={<small>{t(`period.${period}`)}</small>}
    >
      <div className={classes.columns}>
        <div>
          <p className={classes.what}>
            {t('business.revenue')}
            <Change now={total.revenue} before={previous.revenue} upIsGood />
          </p>
          <Figure>{format.euros(total.revenue)}</Figure>
          {rate ? (
            collected && (
              <Sparkline
                values={revenue}
                height={40}
                label={t('business.trend', {
                  total: format.euros(total.revenue),
                  most: format.euros(Math.max(...revenue)),
                })}
              />
            )
          ) : (
            <GuardedButton
              needs="billing:write"
              variant="light"
              size="compact-sm"
              className={classes.inline}
              onClick={openRate}
            >
              {t('business.setRate')}
            </GuardedButton>
          )}
        </div>
        <div>
          <p className={classes.what}>{t('business.minutes')}</p>
          <Figure unit={t('unit.min')}>{format.number(Math.round(minutes * 10) / 10)}</Figure>
          <p className={classes.foot}>{t('business.minutesHint')}</p>
        </div>
        <div>
          <p className={classes.what}>{t('business.each')}</p>
          <Figure>{total.ended > 0 ? format.euros(total.revenue / total.ended) : '—'}</Figure>
          <p className={classes.foot}>
            {rate ? t('business.rate', { rate: format.euros(rate.per_minute) }) : t('business.noRate')}
          </p>
        </div>
      </div>
    </Card>
  );
}

export function LatencyCard({ data, period }: Props) {
  const { t } = useTranslation('home');
  const format = useFormat();
  const { latency } = data;
  const { p50_ms: p50, p95_ms: p95, previous_p50_ms: before } = latency;
  const to: CallSearch = { period, sort: 'latency' };
  if (p50 === undefined || p95 === undefined) {
    return (
      <Card icon={IconActivity} title={t('latency.title')} span={3} to={to}>
        <p className={classes.quiet}>{t('latency.none')}</p>
      </Card>
    );
  }
  const end = Math.max(tooSlowMs * 1.25, p95);
  const at = (ms: number) => `${Math.min(100, (ms / end) * 100)}%`;
  const { figure, unit } = format.msParts(p50);
  return (
    <Card
      icon={IconActivity}
      title={t('latency.title')}
      span={3}
      to={to}
      aside={
        before !== undefined && (
          <span title={t('thanBefore')}>
            <Delta change={Math.round(p50 - before)} upIsGood={false}>
              {format.ms(Math.abs(p50 - before))}
            </Delta>
          </span>
        )
      }
    >
      <p className={classes.line} data-verdict={verdict(p50)}>
        <Figure unit={unit}>{figure}</Figure>
        <span className={classes.foot}>{t('latency.p50', { count: latency.turns })}</span>
      </p>
      <div className={classes.grow} />
      <div className={classes.gauge} aria-hidden>
        <i data-verdict={verdict(p50)} style={{ width: at(p50) }} />
        <b data-mark="p95" style={{ insetInlineStart: at(p95) }} />
        <b data-mark="limit" style={{ insetInlineStart: at(tooSlowMs) }} />
      </div>
      <p className={classes.ends}>
        <span>
          {t('latency.p95')} <b data-verdict={verdict(p95)}>{format.ms(p95)}</b>
        </span>
        <span>
          {t('latency.limit')} <b className={classes.limit}>{format.ms(tooSlowMs)}</b>
        </span>
      </p>
      {latency.ear_p50_ms !== undefined && latency.ear_p95_ms !== undefined && (
        <p className={classes.foot} title={t('latency.earHint', { slow: format.ms(slowMs) })}>
          {t('latency.ear', { p50: format.ms(latency.ear_p50_ms), p95: format.ms(latency.ear_p95_ms) })}
        </p>
      )}
    </Card>
  );
}

/** Absent while no model counts tokens. */
export function TokensCard({ data, period, span = 4 }: Props) {
  const { t } = useTranslation('home');
  const format = useFormat();
  const { tokens } = data.total;
  const before = data.previous.tokens;
  const total = tokens.input + tokens.output;
  if (total === 0) return null;
  const parts = [
    { key: 'audioIn', value: tokens.audio_input, colour: 'var(--s-stt)' },
    { key: 'textIn', value: Math.max(0, tokens.input - tokens.audio_input), colour: 'var(--s-tts)' },
    { key: 'audioOut', value: tokens.audio_output, colour: 'var(--s-llm)' },
    { key: 'textOut', value: Math.max(0, tokens.output - tokens.audio_output), colour: 'var(--s-tool)' },
  ] as const;
  return (
    <Card
      icon={IconCpu}
      title={t('tokens.title')}
      span={span}
      to={{ period }}
      aside={<Change now={total} before={before.input + before.output} />}
    >
      <Figure>{format.compact(total)}</Figure>
      <div className={classes.stack} aria-hidden>
        {parts.map((p) => p.value > 0 && <i key={p.key} style={{ flexGrow: p.value, background: p.colour }} />)}
      </div>
      <dl className={classes.legend}>
        {parts.map((p) => (
          <div key={p.key}>
            <dt>
              <i aria-hidden style={{ background: p.colour }} />
              {t(`tokens.${p.key}`)}
            </dt>
            <dd>{format.compact(p.value)}</dd>
          </div>
        ))}
      </dl>
      {tokens.cached > 0 && (
        <p className={classes.foot}>{t('tokens.cached', { share: format.percent(tokens.cached / tokens.input) })}</p>
      )}
    </Card>
  );
}

export function InterruptionsCard({ data, period, span = 4 }: Props) {
  const { t } = useTranslation('home');
  const format = useFormat();
  const { total, previous } = data;
  return (
    <Card
      icon={IconHandStop}
      title={t('interruptions.title')}
      span={span}
      to={{ period }}
      aside={<Change now={total.interruptions} before={previous.interruptions} />}
    >
      <p className={classes.line}>
        <Figure>{format.number(total.interruptions)}</Figure>
        <span className={classes.foot}>{t('interruptions.turns', { count: total.turns })}</span>
      </p>
      <div className={classes.grow} />
      <p className={classes.ends}>
        <span>
          {t('interruptions.each')}{' '}
          <b>{total.conversations > 0 ? format.number(round(total.interruptions / total.conversations)) : '—'}</b>
        </span>
        <Link to="/agents/voice-history" search={{ period, status: 'failed' }} className={classes.plainLink}>
          {t('interruptions.failed')}{' '}
          <b data-verdict={total.failed > 0 ? 'tooSlow' : undefined}>{format.number(total.failed)}</b>
        </Link>
      </p>
    </Card>
  );
}

const round = (n: number) => Math.round(n * 10) / 10;

/** The bins of the distribution's short and long ends together, so that each has room for a finger. */
function mergedBins(bins: Overview['durations']): Overview['durations'] {
  const begins = [0, 30_000, 60_000, 120_000, 180_000, 300_000, 480_000];
  return begins.map((from, i) => {
    const to = begins[i + 1] ?? 0;
    const inside = bins.filter((b) => b.from_ms >= from && (to === 0 || b.from_ms < to));
    return { from_ms: from, to_ms: to, count: inside.reduce((sum, b) => sum + b.count, 0) };
  });
}

export function DurationCard({ data, period, span = 4 }: Props) {
  const { t } = useTranslation('home');
  const format = useFormat();
  const { total } = data;
  const durations = mergedBins(data.durations);
  const most = Math.max(1, ...durations.map((b) => b.count));
  const to: CallSearch = { period, sort: 'duration' };
  const range = (from: number, end: number) =>
    end > 0
      ? t('duration.range', { from: format.clock(from), to: format.clock(end) })
      : t('duration.more', { from: format.clock(from) });
  if (total.ended === 0) {
    return (
      <Card icon={IconClockHour4} title={t('duration.title')} span={span} to={to}>
        <p className={classes.quiet}>{t('duration.none')}</p>
      </Card>
    );
  }
  return (
    <Card icon={IconClockHour4} title={t('duration.title')} span={span} to={to}>
      <div className={classes.sides}>
        <div>
          <Figure unit={t('unit.min')}>{format.clock(total.mean_ms)}</Figure>
          <p className={classes.foot}>{t('duration.mean')}</p>
          <div className={classes.grow} />
          <p className={classes.ends}>
            <span>
              {t('duration.min')} <b>{format.clock(total.min_ms)}</b>
            </span>
            <span>
              {t('duration.max')} <b>{format.clock(total.max_ms)}</b>
            </span>
          </p>
        </div>
        <ul className={classes.bars} aria-label={t('duration.distribution')}>
          {durations.map((b) => {
            const label = t('duration.bin', { count: b.count, range: range(b.from_ms, b.to_ms) });
            const search = { period, min: b.from_ms / 1000 || undefined, max: b.to_ms / 1000 || undefined };
            return (
              <li key={b.from_ms}>
                {b.count > 0 ? (
                  <Link to="/agents/voice-history" search={search} aria-label={label} title={label}>
                    <i data-most={b.count === most || undefined} style={{ height: `${(b.count / most) * 100}%` }} />
                  </Link>
                ) : (
                  <span title={label} />
                )}
              </li>
            );
          })}
        </ul>
      </div>
    </Card>
  );
}

/** The agents that talked most. */
export function AgentsCard({ data, period, span = 4 }: Props) {
  const { t } = useTranslation('home');
  const format = useFormat();
  const most = Math.max(1, ...data.agents.map((a) => a.conversations));
  return (
    <Card icon={IconRobotFace} title={t('agents.title')} span={span} to={{ period }}>
      {data.agents.length === 0 ? (
        <p className={classes.quiet}>{t('agents.none')}</p>
      ) : (
        <ul className={classes.ranks}>
          {data.agents.slice(0, 5).map((a) => (
            <li key={a.key}>
              <Rank agent={a.key} period={period}>
                <span>{a.name || a.key || t('agents.nobody')}</span>
                <b>{format.number(a.conversations)}</b>
                <i aria-hidden style={{ width: `${(a.conversations / most) * 100}%` }} />
              </Rank>
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}

/** Conversations without an agent, such as transcriptions, are a row that leads nowhere. */
function Rank({ agent, period, children }: { agent: string; period: Period; children: ReactNode }) {
  if (!agent) return <div className={classes.rank}>{children}</div>;
  return (
    <Link className={classes.rank} to="/agents/voice-history" search={{ period, agent }}>
      {children}
    </Link>
  );
}
