import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import classes from '~/components/LatencyPanel.module.css';
import { type TimedTurn, TurnList } from '~/components/TurnList';
import { useFormat } from '~/components/useFormat';
import { Waterfall } from '~/components/Waterfall';
import { headline, stages, type TurnTimes, verdict } from '~/lib/latency';
import { Chip } from '~/ui/Chip';

interface Props {
  turns: readonly TimedTurn[];
  /** Instead of the chart while there is no turn. */
  empty: string;
  /** Selected from outside, as by a line of the transcript. Otherwise the last turn, until one is picked. */
  selected?: number;
  onSelect?(turn: number): void;
}

/** What the headline counts: from speech or writing, to being heard or, where nobody tells that, to being sent. */
function measureOf(times: TurnTimes): 'headline' | 'sent' | 'typed' {
  if (times.heard_ms < 0) return 'sent';
  return times.end_of_turn_ms < 0 ? 'typed' : 'headline';
}

function Figure({ ms }: { ms: number }) {
  const { figure, unit } = useFormat().msParts(ms);
  return (
    <span className={classes.figure}>
      {figure} <small>{unit}</small>
    </span>
  );
}

const tones = { good: 'pos', slow: 'warn', tooSlow: 'neg' } as const;

/** One turn in detail, and all turns below it. */
export function LatencyPanel({ turns, empty, selected, onSelect }: Props) {
  const { t } = useTranslation();
  const [picked, setPicked] = useState<number>();
  const wanted = selected ?? picked;
  const turn = turns.find((x) => x.turn === wanted) ?? turns.at(-1);
  const total = turn && headline(turn.times);
  const name = turn ? t('turns.turn', { turn: turn.turn }) : '';
  const select = (n: number) => {
    setPicked(n);
    onSelect?.(n);
  };
  return (
    <>
      <section className={classes.part}>
        {turn && total !== undefined ? (
          <>
            <div className={classes.head}>
              <h2 className={classes.title}>{name}</h2>
              <Chip tone={tones[verdict(total)]}>{t(`waterfall.${verdict(total)}`)}</Chip>
            </div>
            <p className={classes.total} data-verdict={verdict(total)}>
              <Figure ms={total} /> <span className={classes.what}>{t(`waterfall.${measureOf(turn.times)}`)}</span>
            </p>
            <Waterfall stages={stages(turn.times)} label={t('waterfall.label', { turn: name })} />
          </>
        ) : (
          <p className={classes.empty}>{empty}</p>
        )}
      </section>
      {turns.length > 0 && (
        <section className={classes.part}>
          <TurnList turns={turns} selected={turn?.turn} onSelect={select} />
        </section>
      )}
    </>
  );
}
