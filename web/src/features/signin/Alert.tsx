import { IconAlertCircle, IconCircleCheck, IconClock } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import classes from './signin.module.css';

const icons = { neg: IconAlertCircle, warn: IconClock, pos: IconCircleCheck } as const;

/** What a form has to say about itself. */
export function Alert({ tone = 'neg', children }: { tone?: keyof typeof icons; children: ReactNode }) {
  const Icon = icons[tone];
  return (
    <p className={classes.alert} data-tone={tone} role={tone === 'pos' ? 'status' : 'alert'}>
      <Icon size={18} stroke={1.8} aria-hidden />
      <span>{children}</span>
    </p>
  );
}
