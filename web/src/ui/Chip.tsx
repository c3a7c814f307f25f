import type { ReactNode } from 'react';
import classes from '~/ui/Chip.module.css';

export type Tone = 'plain' | 'brand' | 'pos' | 'neg' | 'warn' | 'info';

interface Props {
  tone?: Tone;
  /** A dot before the words; live: it pulses. */
  dot?: boolean | 'live';
  small?: boolean;
  children: ReactNode;
}

/** A word or figure with a coloured ground. The colour repeats what the word says. */
export function Chip({ tone = 'plain', dot, small, children }: Props) {
  return (
    <span className={classes.chip} data-tone={tone} data-small={small || undefined}>
      {dot && <span aria-hidden className={classes.dot} data-live={dot === 'live' || undefined} />}
      {children}
    </span>
  );
}
