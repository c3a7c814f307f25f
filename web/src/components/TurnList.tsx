import { Trans, useTranslation } from 'react-i18next';
import classes from '~/components/TurnList.module.css';
import { useFormat } from '~/components/useFormat';
import { headline, percentile, stages, type TurnTimes } from '~/lib/latency';

/** A turn that was timed, and what the caller said in it. */
export interface TimedTurn {
  turn: number;
  question: string;
  times: TurnTimes;
}

interface Props {
  turns: readonly TimedTurn[];
  selected?: number;
  onSelect(turn: number): void;
}

/** All turns, the newest first, each as one bar of its stages; the bars share a scale. */
export function TurnList({ turns, selected, onSelect }: Props) {
  const { t } = useTranslation();
  const format = useFormat();
  const totals = turns.flatMap((turn) => headline(turn.times) ?? []);
  const longest = Math.max(1, ...totals);
  const p50 = percentile(totals, 0.5);
  const p95 = percentile(totals, 0.95);
  return (
    <>
      <div className={classes.head}>
        <h2 className={classes.title}>{t('turns.title')}</h2>
        {p50 !== undefined && p95 !== undefined && (
          <span className={classes.summary}>
            <Trans
              i18nKey="turns.summary"
              values={{ p50: format.ms(p50), p95: format.ms(p95) }}
              components={{ b: <b /> }}
            />
          </span>
        )}
      </div>
      {turns.length === 0 && <p className={classes.none}>{t('turns.none')}</p>}
      <ol className={classes.turns} reversed>
        {turns.toReversed().map((turn) => (
          <li key={turn.turn}>
            <button
              type="button"
              aria-current={turn.turn === selected ? 'true' : undefined}
              onClick={() => onSelect(turn.turn)}
            >
              <span className={classes.number}>{turn.turn}</span>
              <span className={classes.middle}>
                <span className={classes.question}>{turn.question || t('turns.turn', { turn: turn.turn })}</span>
                <StageBar times={turn.times} longest={longest} />
              </span>
              <b>{format.ms(headline(turn.times) ?? 0)}</b>
            </button>
          </li>
        ))}
      </ol>
    </>
  );
}

/** Where the time went, as one bar: each moment belongs to the last stage that began before it. */
function StageBar({ times, longest }: { times: TurnTimes; longest: number }) {
  const total = headline(times) ?? 0;
  let reached = 0;
  const parts = stages(times).map((s) => {
    const width = Math.max(0, s.end - Math.max(s.start, reached));
    reached = Math.max(reached, s.end);
    return { name: s.name, width };
  });
  return (
    <span className={classes.bar} aria-hidden style={{ width: `${(total / longest) * 100}%` }}>
      {parts.map((p) => p.width > 0 && <i key={p.name} data-part={p.name} style={{ flexGrow: p.width }} />)}
    </span>
  );
}
