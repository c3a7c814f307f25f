import type { ComponentType, ReactNode } from 'react';
import classes from '~/components/EmptyState.module.css';

interface Props {
  icon: ComponentType<{ size?: number; stroke?: number; 'aria-hidden'?: boolean }>;
  heading?: ReactNode;
  title: string;
  text: string;
  /** A technical word that helps to find the cause. */
  code?: string;
  /** role alert: for failures. */
  alert?: boolean;
  children?: ReactNode;
}

/** Instead of content: what there would be, and the one thing to do about it. */
export function EmptyState({ icon: Icon, heading, title, text, code, alert, children }: Props) {
  return (
    <div className={classes.empty} role={alert ? 'alert' : undefined}>
      {heading}
      <span className={classes.icon}>
        <Icon size={26} stroke={1.6} aria-hidden />
      </span>
      <p className={classes.title}>{title}</p>
      <p className={classes.text}>{text}</p>
      {code && <code className={classes.code}>{code}</code>}
      {children && <div className={classes.actions}>{children}</div>}
    </div>
  );
}
