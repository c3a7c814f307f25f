import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import type { RealtimeCall } from '~/api/client';
import { useFormat } from '~/components/useFormat';
import { useSeconds } from '~/components/useSeconds';
import { Chip } from '~/ui/Chip';
import type { RealtimeSearch } from './api';
import classes from './CallList.module.css';
import { EndCall } from './EndCall';

interface Props {
  call: RealtimeCall;
  own: boolean;
  search: RealtimeSearch;
}

export function CallRow({ call, own, search }: Props) {
  const { t } = useTranslation('realtime');
  const format = useFormat();
  const started = new Date(call.created_at * 1000).toISOString();
  const short = shortId(call.call_id);
  return (
    <tr>
      <td>
        <span className={classes.call}>
          <Link
            className={classes.link}
            to="/realtime-api.html"
            search={{ ...search, call: call.call_id }}
            resetScroll={false}
            aria-label={t('list.open', { id: short })}
          >
            {short}
          </Link>
          {own && (
            <Chip tone="brand" small>
              {t('list.own')}
            </Chip>
          )}
        </span>
      </td>
      <td className={`${classes.model} ${classes.extra}`} title={call.model}>
        {call.model}
      </td>
      <td className={classes.extra}>{call.voice}</td>
      <td>
        <Status call={call} />
      </td>
      <td className={classes.extra}>
        <time dateTime={started}>{format.dateTime(started)}</time>
      </td>
      <td className={classes.figure}>
        <Duration call={call} />
      </td>
      <td className={classes.action}>
        {call.status === 'active' && <EndCall id={call.call_id} name={short} compact />}
      </td>
    </tr>
  );
}

/** Enough of an id to tell calls apart by eye. */
export function shortId(id: string): string {
  return id.length > 14 ? `${id.slice(0, 12)}…` : id;
}

export function Status({ call }: { call: RealtimeCall }) {
  const { t } = useTranslation('realtime');
  const active = call.status === 'active';
  return (
    <Chip tone={active ? 'pos' : 'plain'} dot={active ? 'live' : true}>
      {t(`status.${call.status}`)}
    </Chip>
  );
}

/** How long it lasted, or has lasted until now. */
export function Duration({ call }: { call: RealtimeCall }) {
  const format = useFormat();
  const now = useSeconds(call.status === 'active');
  const ms = (call.duration_seconds ?? 0) * 1000;
  if (call.status === 'ended') return format.clock(ms);
  return format.clock(performance.timeOrigin + now - call.created_at * 1000);
}
