import { useTranslation } from 'react-i18next';
import { useFormat } from '~/components/useFormat';
import type { PeerLine } from '~/live/peercall';
import classes from './LineFigures.module.css';

/** How the sound travels. */
export function LineFigures({ line }: { line?: PeerLine }) {
  const { t } = useTranslation('realtime');
  const format = useFormat();
  const ms = (value?: number) => (value === undefined ? '—' : format.ms(value));
  const all = (line?.received ?? 0) + (line?.lost ?? 0);
  const rows: [string, string][] = [
    [t('line.codec'), line?.codec || '—'],
    [t('line.roundTrip'), ms(line?.roundTripMs)],
    [t('line.jitter'), ms(line?.jitterMs)],
    [t('line.lost'), all === 0 ? '—' : format.percent((line?.lost ?? 0) / all)],
  ];
  return (
    <dl className={classes.figures} aria-label={t('line.label')}>
      {rows.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
