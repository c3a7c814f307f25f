import { IconArrowDown, IconArrowUp } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { useWindowVirtualizer } from '@tanstack/react-virtual';
import { memo, type ReactNode, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import type { Conversation } from '~/api/client';
import type { CallSearch, sorts } from '~/components/callSearch';
import { useChannelName } from '~/components/useChannelName';
import { useFormat } from '~/components/useFormat';
import { verdict } from '~/lib/latency';
import { Chip } from '~/ui/Chip';
import { Orb } from '~/ui/Orb';
import classes from './CallTable.module.css';

const tones = { active: 'pos', ended: 'plain', failed: 'neg' } as const;

/** Up to so many rows all are in the page, and the browser's own search finds them. */
const manyRows = 200;
const rowHeight = 57;

interface Props {
  calls: readonly Conversation[];
  /** Of the whole list, of which calls may be the first pages. */
  total: number;
  search: CallSearch;
  setSearch(search: CallSearch): void;
}

export function CallTable({ calls, total, search, setSearch }: Props) {
  const { t } = useTranslation('calls');
  const heading = { search, setSearch };
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section className={classes.scroll} tabIndex={0} aria-label={t('title')}>
      <table className={classes.table} aria-label={t('title')} aria-rowcount={total + 1}>
        <thead>
          <tr>
            <th scope="col">{t('column.agent')}</th>
            <Sortable {...heading} by="started" roomy>
              {t('column.started')}
            </Sortable>
            <th scope="col" className={`${classes.wide} ${classes.roomy}`}>
              {t('column.preview')}
            </th>
            <th scope="col" className={classes.roomy}>
              {t('column.channel')}
            </th>
            <th scope="col" className={classes.roomy}>
              {t('column.status')}
            </th>
            <Sortable {...heading} by="duration" figure>
              {t('column.duration')}
            </Sortable>
            <th scope="col" className={`${classes.figure} ${classes.roomy}`}>
              {t('column.turns')}
            </th>
            <th scope="col" className={`${classes.figure} ${classes.roomy}`}>
              {t('column.interruptions')}
            </th>
            <Sortable {...heading} by="latency" figure>
              {t('column.latency')}
            </Sortable>
          </tr>
        </thead>
        {calls.length > manyRows ? (
          <Window calls={calls} />
        ) : (
          <tbody>
            {calls.map((call, i) => (
              <Row key={call.id} call={call} index={i} />
            ))}
          </tbody>
        )}
      </table>
    </section>
  );
}

interface Heading extends Pick<Props, 'search' | 'setSearch'> {
  by: (typeof sorts)[number];
  figure?: boolean;
  /** Left out on a telephone. */
  roomy?: boolean;
  children: ReactNode;
}

/** A heading that orders the list: first by the largest, then the other way round. */
function Sortable({ by, figure, roomy, children, search, setSearch }: Heading) {
  const { t } = useTranslation('calls');
  const on = (search.sort ?? 'started') === by;
  const up = on && search.order === 'asc';
  const next = { ...search, sort: by === 'started' ? undefined : by, order: on && !up ? ('asc' as const) : undefined };
  const Icon = up ? IconArrowUp : IconArrowDown;
  const column = String(children);
  return (
    <th
      scope="col"
      className={figure ? classes.figure : roomy ? classes.roomy : undefined}
      aria-sort={on ? (up ? 'ascending' : 'descending') : undefined}
    >
      <button
        type="button"
        className={classes.sort}
        data-on={on || undefined}
        title={next.order ? t('list.ascending', { column }) : t('list.descending', { column })}
        onClick={() => setSearch(next)}
      >
        {children}
        <Icon size={13} stroke={2.2} aria-hidden />
      </button>
    </th>
  );
}

/** Of a long list, the rows that are in sight, between two gaps of the others' height. */
function Window({ calls }: { calls: readonly Conversation[] }) {
  const body = useRef<HTMLTableSectionElement>(null);
  const rows = useWindowVirtualizer({
    count: calls.length,
    estimateSize: () => rowHeight,
    overscan: 12,
    scrollMargin: body.current ? body.current.getBoundingClientRect().top + window.scrollY : 0,
  });
  const seen = rows.getVirtualItems();
  const before = (seen[0]?.start ?? 0) - rows.options.scrollMargin;
  const after = rows.getTotalSize() - ((seen.at(-1)?.end ?? 0) - rows.options.scrollMargin);
  return (
    <tbody ref={body}>
      <Gap height={before} />
      {seen.map(({ index }) => {
        const call = calls[index];
        return call && <Row key={call.id} call={call} index={index} />;
      })}
      <Gap height={after} />
    </tbody>
  );
}

function Gap({ height }: { height: number }) {
  if (height <= 0) return null;
  return (
    <tr aria-hidden className={classes.gap}>
      <td colSpan={9} style={{ height }} />
    </tr>
  );
}

const Row = memo(function Row({ call, index }: { call: Conversation; index: number }) {
  const { t } = useTranslation('calls');
  const format = useFormat();
  const channelName = useChannelName();
  const date = format.dateTime(call.started_at);
  // Transcriptions and translations have no agent.
  const name = call.agent_name || call.agent || t('noAgent');
  const ms = call.latency_p50_ms;
  return (
    <tr aria-rowindex={index + 2}>
      <td>
        <span className={classes.agent}>
          <Orb name={call.agent_name || call.agent || '?'} size={28} />
          <span>
            <Link
              className={classes.link}
              to="/agents/voice-history/$sessionId"
              params={{ sessionId: call.id }}
              aria-label={t('open', { agent: name, date })}
            >
              {name}
            </Link>
            {call.agent && <span className={`${classes.reference} ${classes.roomy}`}>{call.agent}</span>}
            <span className={classes.small}>
              {date}
              {call.status !== 'ended' && <Status status={call.status} />}
            </span>
          </span>
        </span>
      </td>
      <td className={classes.roomy}>
        <time dateTime={call.started_at}>{date}</time>
      </td>
      <td className={`${classes.preview} ${classes.roomy}`}>{call.preview}</td>
      <td className={classes.roomy}>{channelName(call.channel)}</td>
      <td className={classes.roomy}>
        <Status status={call.status} />
      </td>
      <td className={classes.figure}>{format.clock(call.duration_ms)}</td>
      <td className={`${classes.figure} ${classes.roomy}`}>{format.number(call.turns)}</td>
      <td className={`${classes.figure} ${classes.roomy}`}>{format.number(call.interruptions)}</td>
      <td className={classes.figure} data-verdict={ms === undefined ? undefined : verdict(ms)}>
        {ms === undefined ? '—' : format.ms(ms)}
      </td>
    </tr>
  );
});

function Status({ status }: { status: Conversation['status'] }) {
  const { t } = useTranslation('calls');
  return (
    <Chip tone={tones[status]} dot={status === 'active' ? 'live' : true}>
      {t(`status.${status}`)}
    </Chip>
  );
}
