import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import type { Conversation } from '~/api/client';
import { useFormat } from '~/components/useFormat';
import { verdict } from '~/lib/latency';
import { Chip } from '~/ui/Chip';
import { Orb } from '~/ui/Orb';
import classes from './CallTable.module.css';

const tones = { active: 'pos', ended: 'plain', failed: 'neg' } as const;

export function CallTable({ calls }: { calls: readonly Conversation[] }) {
  const { t } = useTranslation('calls');
  return (
    <div className={classes.scroll}>
      <table className={classes.table} aria-label={t('title')}>
        <thead>
          <tr>
            <th scope="col">{t('column.agent')}</th>
            <th scope="col">{t('column.started')}</th>
            <th scope="col" className={classes.wide}>
              {t('column.preview')}
            </th>
            <th scope="col">{t('column.status')}</th>
            <th scope="col" className={classes.figure}>
              {t('column.duration')}
            </th>
            <th scope="col" className={classes.figure}>
              {t('column.turns')}
            </th>
            <th scope="col" className={classes.figure}>
              {t('column.interruptions')}
            </th>
            <th scope="col" className={classes.figure}>
              {t('column.latency')}
            </th>
          </tr>
        </thead>
        <tbody>
          {calls.map((call) => (
            <Row key={call.id} call={call} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row({ call }: { call: Conversation }) {
  const { t } = useTranslation('calls');
  const format = useFormat();
  const date = format.dateTime(call.started_at);
  const ms = call.latency_p50_ms;
  return (
    <tr>
      <td>
        <span className={classes.agent}>
          <Orb name={call.agent_name} size={28} />
          <span>
            <Link
              className={classes.link}
              to="/agents/voice-history/$sessionId"
              params={{ sessionId: call.id }}
              aria-label={t('open', { agent: call.agent_name, date })}
            >
              {call.agent_name}
            </Link>
            <span className={classes.reference}>{call.agent}</span>
          </span>
        </span>
      </td>
      <td>
        <time dateTime={call.started_at}>{date}</time>
      </td>
      <td className={classes.preview}>{call.preview}</td>
      <td>
        <Chip tone={tones[call.status]} dot={call.status === 'active' ? 'live' : true}>
          {t(`status.${call.status}`)}
        </Chip>
      </td>
      <td className={classes.figure}>{format.clock(call.duration_ms)}</td>
      <td className={classes.figure}>{format.number(call.turns)}</td>
      <td className={classes.figure}>{format.number(call.interruptions)}</td>
      <td className={classes.figure} data-verdict={ms === undefined ? undefined : verdict(ms)}>
        {ms === undefined ? '—' : format.ms(ms)}
      </td>
    </tr>
  );
}
