import { IconInfoCircle } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import type { ConversationDetail } from '~/api/client';
import { useFormat } from '~/components/useFormat';
import { useWords } from '~/components/useWords';
import classes from './CallSummary.module.css';

/** The conversation in figures, and what limited it. */
export function CallSummary({ call }: { call: ConversationDetail }) {
  const { t, i18n } = useTranslation('calls');
  const format = useFormat();
  const words = useWords();
  const channel = i18n.exists(`calls:channel.${call.channel}`) ? call.channel : 'other';
  const written = call.channel === 'text';
  // Between two messages the record of a written conversation is closed, and it is not over.
  const named = written && call.end_reason === 'client_closed' ? 'text_waiting' : call.end_reason;
  const reason = i18n.exists(`calls:reason.${named}`) ? named : 'other';
  const rows: [string, string][] = [
    [t('detail.duration'), format.clock(call.duration_ms)],
    [t('detail.turns'), format.number(call.turns)],
  ];
  if (!written) {
    rows.push(
      [t('detail.interruptions'), format.number(call.interruptions)],
      [t('detail.latency'), call.latency_p50_ms === undefined ? '—' : format.ms(call.latency_p50_ms)],
    );
  }
  rows.push(
    [t('detail.language'), format.language(call.language)],
    [t('detail.channel'), t(`channel.${channel}` as 'channel.other', { channel: call.channel })],
    [t('detail.version'), call.agent_version > 0 ? format.number(call.agent_version) : '—'],
    [t('detail.reason'), call.end_reason ? t(`reason.${reason}` as 'reason.other', { reason: call.end_reason }) : '—'],
  );
  const models = [
    [t('detail.stt'), call.models.stt],
    [t('detail.llm'), call.models.llm],
    [t('detail.tts'), call.models.tts],
  ].filter(([, model]) => model);
  return (
    <section className={classes.summary}>
      <h2 className={classes.title}>{t('detail.summary')}</h2>
      <dl className={classes.facts}>
        {rows.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {models.length > 0 && (
        <dl className={classes.models}>
          {models.map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
      )}
      {call.notices.map((n) => (
        <p key={n.code} className={classes.notice}>
          <IconInfoCircle size={15} stroke={1.8} aria-hidden />
          {words.notice(n)}
        </p>
      ))}
    </section>
  );
}
