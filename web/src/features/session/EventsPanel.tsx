import { ActionIcon, CopyButton, TextInput, Tooltip } from '@mantine/core';
import { IconCheck, IconCopy, IconPlayerPause, IconPlayerPlay } from '@tabler/icons-react';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useRef, useState, useSyncExternalStore } from 'react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '~/components/useFormat';
import type { EventLog, LoggedEvent } from '~/live/eventlog';
import classes from './EventsPanel.module.css';

/** Everything that crossed the line, newest at the end; only what is in view is in the page. */
export function EventsPanel({ log }: { log: EventLog }) {
  const { t } = useTranslation(['session', 'common']);
  const format = useFormat();
  const live = useSyncExternalStore(log.subscribe, log.getSnapshot);
  const [frozen, setFrozen] = useState<readonly LoggedEvent[]>();
  const [filter, setFilter] = useState('');
  const all = frozen ?? live;
  const words = filter.trim().toLowerCase();
  const shown = words ? all.filter((e) => matches(e, words)) : all;
  return (
    <div className={classes.events}>
      <div className={classes.tools}>
        <TextInput
          className={classes.filter}
          value={filter}
          onChange={(e) => setFilter(e.currentTarget.value)}
          aria-label={t('events.filter')}
          placeholder={t('events.filter')}
        />
        <Tooltip label={frozen ? t('events.resume') : t('events.pause')}>
          <ActionIcon
            variant="default"
            size={36}
            aria-label={frozen ? t('events.resume') : t('events.pause')}
            aria-pressed={frozen !== undefined}
            onClick={() => setFrozen(frozen ? undefined : live)}
          >
            {frozen ? <IconPlayerPlay size={17} aria-hidden /> : <IconPlayerPause size={17} aria-hidden />}
          </ActionIcon>
        </Tooltip>
        <CopyButton value={JSON.stringify(shown, null, 1)}>
          {({ copied, copy }) => (
            <Tooltip label={copied ? t('common:copied') : t('events.copy')}>
              <ActionIcon variant="default" size={36} aria-label={t('events.copy')} onClick={copy}>
                {copied ? <IconCheck size={17} aria-hidden /> : <IconCopy size={17} aria-hidden />}
              </ActionIcon>
            </Tooltip>
          )}
        </CopyButton>
      </div>
      <p className={classes.count}>
        {all.length === 0
          ? t('events.none')
          : shown.length === 0
            ? t('events.noMatch')
            : t('events.shown', { shown: format.number(shown.length), total: format.number(log.total) })}
      </p>
      <List events={shown} follow={frozen === undefined} label={t('events.list')} />
    </div>
  );
}

function matches(event: LoggedEvent, words: string): boolean {
  return event.type.includes(words) || JSON.stringify(event.body).toLowerCase().includes(words);
}

function List({ events, follow, label }: { events: readonly LoggedEvent[]; follow: boolean; label: string }) {
  const { t } = useTranslation('session');
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
    <section ref={box} className={classes.list} tabIndex={0} aria-label={label}>
      <div className={classes.space} style={{ height: rows.getTotalSize() }}>
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
                className={classes.head}
                aria-expanded={expanded}
                onClick={() => setOpen(expanded ? undefined : event.id)}
              >
                <span className={classes.time}>{format.clockMs(event.at)}</span>
                <span
                  className={classes.from}
                  data-from={event.from}
                  role="img"
                  aria-label={t(`events.from.${event.from}`)}
                >
                  {event.from === 'server' ? '↓' : event.from === 'client' ? '↑' : '•'}
                </span>
                <span className={classes.type}>{event.type}</span>
                {event.count > 1 && <span className={classes.times}>{t('events.times', { count: event.count })}</span>}
              </button>
              {expanded && <pre className={classes.body}>{JSON.stringify(event.body, null, 2)}</pre>}
            </div>
          );
        })}
      </div>
    </section>
  );
}
