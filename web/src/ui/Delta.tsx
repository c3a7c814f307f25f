import { IconArrowDownRight, IconArrowRight, IconArrowUpRight } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { Chip } from '~/ui/Chip';

interface Props {
  change: number;
  /** Whether more is good; undefined: neither. */
  upIsGood?: boolean;
  children: ReactNode;
}

/** A change with its direction; the colour says whether that is good. */
export function Delta({ change, upIsGood, children }: Props) {
  const Icon = change > 0 ? IconArrowUpRight : change < 0 ? IconArrowDownRight : IconArrowRight;
  const tone = upIsGood === undefined || change === 0 ? 'plain' : change > 0 === upIsGood ? 'pos' : 'neg';
  return (
    <Chip tone={tone}>
      <Icon size={13} stroke={2.2} aria-hidden />
      {children}
    </Chip>
  );
}
