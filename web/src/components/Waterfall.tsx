import { useTranslation } from 'react-i18next';
import { useFormat } from '~/components/useFormat';
import classes from '~/components/Waterfall.module.css';
import { axisEnd, type Stage, tickStep, tooSlowMs } from '~/lib/latency';

/** One turn, one row per stage, all on one axis of ms since the caller's last sound. Overlap is shown as overlap. */
export function Waterfall({ stages, label }: { stages: readonly Stage[]; label: string }) {
  const { t } = useTranslation();
  const format = useFormat();
  const end = axisEnd(Math.max(0, ...stages.map((s) => s.end)));
  const step = tickStep(end);
  const ticks = Array.from({ length: Math.floor(end / step) + 1 }, (_, i) => i * step);
  const at = (ms: number) => `${(ms / end) * 100}%`;
  return (
    <div className={classes.chart}>
      <div className={classes.grid} aria-hidden>
        {ticks.map((tick) => (
          <i key={tick} className={classes.tick} style={{ insetInlineStart: at(tick) }} />
        ))}
        <i className={classes.threshold} style={{ insetInlineStart: at(tooSlowMs) }} />
      </div>
      <table className={classes.table}>
        <caption className={classes.only}>{label}</caption>
        <thead className={classes.only}>
          <tr>
            <th scope="col">{t('waterfall.stage')}</th>
            <th scope="col">{t('waterfall.start')}</th>
            <th scope="col">{t('waterfall.duration')}</th>
          </tr>
        </thead>
        <tbody>
          {stages.map((s) => (
            <tr key={s.name} className={classes.row}>
              <th scope="row" className={classes.name}>
                <i aria-hidden data-stage={s.name} className={classes.swatch} />
                {t(`waterfall.${s.name}`)}
              </th>
              <td className={classes.track}>
                <span className={classes.only}>{format.ms(s.start)}</span>
                <i
                  aria-hidden
                  data-stage={s.name}
                  className={classes.bar}
                  style={{ insetInlineStart: at(s.start), width: at(s.end - s.start) }}
                />
              </td>
              <td className={classes.value}>{format.ms(s.end - s.start)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <div className={classes.axis} aria-hidden>
        {ticks.map((tick) => (
          <span key={tick} data-threshold={tick === tooSlowMs || undefined} style={{ insetInlineStart: at(tick) }}>
            {format.number(tick)}
          </span>
        ))}
      </div>
    </div>
  );
}
