import { useTranslation } from 'react-i18next';
import type { ConversationDetail } from '~/api/client';
import { useFormat } from '~/components/useFormat';
import { percentile, verdict } from '~/lib/latency';
import classes from './EarPanel.module.css';
import { truthsOf } from './lines';

interface Props {
  call: ConversationDetail;
  selected?: number;
  /** Is called with the moment in which the caller fell silent, in ms. */
  seek(ms: number): void;
}

/** What the pipeline timed beside what a listener hears in the recording, turn by turn, and what else is heard. */
export function EarPanel({ call, selected, seek }: Props) {
  const { t } = useTranslation('calls');
  const format = useFormat();
  const { ear } = call;
  if (!ear) return null;
  const truths = truthsOf(call);
  const p50 = (values: (number | undefined)[]) => {
    const known = values.filter((v) => v !== undefined);
    const middle = percentile(known, 0.5);
    return middle === undefined ? '—' : format.ms(middle);
  };
  const facts: [string, string][] = [
    [t('ear.stop'), ear.barge_in_stop_p50_ms === undefined ? '—' : format.ms(ear.barge_in_stop_p50_ms)],
    [t('ear.overlap'), format.seconds(ear.overlap_ms)],
    [t('ear.deadAir'), format.seconds(ear.dead_air_ms)],
    [t('ear.clipped'), format.number(ear.clipped_words)],
  ];
  return (
    <section className={classes.panel} aria-labelledby="ear-title">
      <h2 id="ear-title" className={classes.title}>
        {t('ear.title')}
      </h2>
      <p className={classes.hint}>{t('ear.hint')}</p>
      {truths.length > 0 && (
        <table className={classes.table} aria-labelledby="ear-title">
          <thead>
            <tr>
              <th scope="col">{t('ear.turn')}</th>
              <th scope="col">{t('ear.timers')}</th>
              <th scope="col">{t('ear.ear')}</th>
              <th scope="col">{t('ear.apart')}</th>
            </tr>
          </thead>
          <tbody>
            {truths.map((x) => (
              <tr key={x.at} aria-current={x.turn !== undefined && x.turn === selected ? 'true' : undefined}>
                <th scope="row">
                  <button
                    type="button"
                    aria-label={t('ear.goTo', { time: format.clock(x.at) })}
                    onClick={() => seek(x.at)}
                  >
                    {x.turn === undefined ? format.clock(x.at) : format.number(x.turn)}
                  </button>
                </th>
                <td>{x.timers === undefined ? '—' : format.ms(x.timers)}</td>
                <td data-verdict={verdict(x.ear)}>{format.ms(x.ear)}</td>
                <td>{x.apart === undefined ? '—' : signed(x.apart, format.ms)}</td>
              </tr>
            ))}
          </tbody>
          <tfoot>
            <tr>
              <th scope="row">{t('ear.median')}</th>
              <td>{p50(truths.map((x) => x.timers))}</td>
              <td>{p50(truths.map((x) => x.ear))}</td>
              <td>{ear.unexplained_p50_ms === undefined ? '—' : signed(ear.unexplained_p50_ms, format.ms)}</td>
            </tr>
          </tfoot>
        </table>
      )}
      <dl className={classes.facts}>
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <div className={classes.share} aria-hidden>
        <i data-who="user" style={{ flexGrow: ear.caller_share }} />
        <i data-who="agent" style={{ flexGrow: ear.agent_share }} />
        <i style={{ flexGrow: Math.max(0, 1 - ear.caller_share - ear.agent_share) }} />
      </div>
      <p className={classes.who}>
        {t('ear.share', { caller: format.percent(ear.caller_share), agent: format.percent(ear.agent_share) })}
      </p>
    </section>
  );
}

/** With its sign, for a difference: "+3 ms". */
function signed(ms: number, format: (ms: number) => string): string {
  const rounded = Math.round(ms);
  return rounded > 0 ? `+${format(rounded)}` : rounded < 0 ? `−${format(-rounded)}` : format(0);
}
