import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import type { ConversationDetail } from '~/api/client';
import { useFormat } from '~/components/useFormat';
import { ratesQuery } from './api';
import classes from './CallSummary.module.css';
import { rateAt } from './lines';

/** What the conversation used and earns: what the models counted, and what its minutes are billed at where there was a rate. */
export function Usage({ call }: { call: ConversationDetail }) {
  const { t } = useTranslation('calls');
  const format = useFormat();
  const rates = useQuery(ratesQuery());
  const { tokens } = call;
  const rate = rates.data && rateAt(rates.data.items, call.started_at);
  const rows: [string, string][] = [];
  const add = (name: string, value: number) => value > 0 && rows.push([name, format.number(value)]);
  add(t('usage.audioIn'), tokens.audio_input);
  add(t('usage.audioOut'), tokens.audio_output);
  add(t('usage.textIn'), tokens.input - tokens.audio_input);
  add(t('usage.textOut'), tokens.output - tokens.audio_output);
  add(t('usage.cached'), tokens.cached);
  if (rate && call.status !== 'active') {
    rows.push([t('usage.billed'), format.euros((call.duration_ms / 60_000) * rate.per_minute)]);
    rows.push([t('usage.rate'), t('usage.perMinute', { rate: format.euros(rate.per_minute) })]);
  }
  if (rows.length === 0) return null;
  return (
    <section className={classes.summary}>
      <h2 className={classes.title}>{t('usage.title')}</h2>
      <dl className={classes.facts}>
        {rows.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
