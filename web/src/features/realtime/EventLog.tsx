import { Button, CopyButton, NativeSelect, Switch } from '@mantine/core';
import { IconCheck, IconCopy } from '@tabler/icons-react';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { RealtimeEvent } from '~/api/client';
import { useFormat } from '~/components/useFormat';
import classes from './EventLog.module.css';

interface Props {
  events: readonly RealtimeEvent[];
  /** When the call began, in ms of Unix time. */
  from: number;
  live: boolean;
}

/** What happened in a call, newest at the end; only what is in view is in the page. */
export function EventLog({ events, from, live }: Props) {
  const { t } = useTranslation(['realtime', 'common']);
  const format = useFormat();
  const [type, setType] = useState('');
  const [follow, setFollow] = useState(true);
  const shown = type === '' ? events : events.filter((e) => e.event_type === type);
  const counts = new Map<string, number>();
  for (const e of events) counts.set(e.event_type, (counts.get(e.event_type) ?? 0) + 1);
  return (
    <div className={classes.events}>
      <div className={classes.tools}>
        <h3 className={classes.title}>{t('events.title')}</h3>
        <span className={classes.count}>
          {t('events.shown', { shown: format.number(shown.length), total: format.number(events.length) })}
        </span>
        <span className={classes.space} />
        {live && (
          <Switch
            size="sm"
            label={t('events.follow')}
            checked={follow}
            onChange={(e) => setFollow(e.currentTarget.checked)}
          />
        )}
        <NativeSelect
          size="xs"
          aria-label={t('events.type')}
          value={type}
          onChange={(e) => setType(e.currentTarget.value)}
          data={[
            { value: '', label: t('events.all') },
            ...[...counts].sort().map(([value, n]) => ({ value, label: `${value} (${format.number(n)})` })),
          ]}
        />
        <CopyButton value={JSON.stringify(shown, null, 1)}>
          {({ copied, copy }) => (
            <Button
              size="xs"
              variant="default"
              leftSection={copied ? <IconCheck size={15} aria-hidden /> : <IconCopy size={15} aria-hidden />}
              onClick={copy}
            >
              {copied ? t('common:copied') : t('events.copy')}
            </Button>
          )}
        </CopyButton>
      </div>
      <List events={shown} from={from} follow={live && follow} />
    </div>
  );
}

function List({ events, from, follow }: { events: readonly RealtimeEvent[]; from: number; follow: boolean }) {
  const { t } = useTranslation('realtime');
  const format = useFormat();
  const box = useRef<HTMLElement>(null);
  const [open, setOpen] = useState<number>();
  const rows = useVirtualizer({
    count: events.length,
    getScrollElement: () => box.current,
    estimateSize: () => 30,
    getItemKey: (i) => events[i]?.id ?? i,
    overscan: 12,
  });
  const last = events.length - 1;
  useEffect(() => {
    if (follow && open === undefined && last >= 0) rows.scrollToIndex(last, { align: 'end' });
  }, [follow, open, last, rows]);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section ref={box} className={classes.list} tabIndex={0} aria-label={t('events.title')}>
      {events.length === 0 && <p className={classes.none}>{t('events.none')}</p>}
      <div className={classes.room} style={{ height: rows.getTotalSize() }}>
        {rows.getVirtualItems().map((row) => {
          const event = events[row.index];
          if (!event) return null;
          const expanded = open === event.id;
          return (
            <div
              key={row.key}
              ref={rows.measureElement}
              data-index={row.index}
              className={classes.row}
              style={{ transform: `translateY(${row.start}px)` }}
            >
              <button
                type="button"
                className={classes.event}
                aria-expanded={expanded}
                onClick={() => setOpen(expanded ? undefined : event.id)}
              >
                <span className={classes.number}>{event.id}</span>
                <span className={classes.time}>{format.clockMs(Date.parse(event.at) - from)}</span>
                <span className={classes.type}>{event.event_type}</span>
                <span className={classes.gist}>{gistOf(event.event_data)}</span>
              </button>
              {expanded && <pre className={classes.body}>{JSON.stringify(event.event_data, null, 2)}</pre>}
            </div>
          );
        })}
      </div>
    </section>
  );
}

// They tie events together, and say nothing by themselves.
const ids: readonly string[] = ['response', 'item', 'previous'];

/** The plain values of an event in one line, without ids. */
export function gistOf(data: unknown): string {
  if (typeof data !== 'object' || data === null) return '';
  return Object.entries(data)
    .filter(([k, v]) => !ids.includes(k) && ['string', 'number', 'boolean'].includes(typeof v) && v !== '')
    .map(([k, v]) => `${k}: ${v}`)
    .join(' · ');
}
