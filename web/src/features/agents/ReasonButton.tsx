import { ActionIcon, type ActionIconProps, Button, type ButtonProps, Tooltip, VisuallyHidden } from '@mantine/core';
import { type ButtonHTMLAttributes, useId } from 'react';
import classes from './AgentCard.module.css';

type Html<P> = P & Omit<ButtonHTMLAttributes<HTMLButtonElement>, keyof P>;

interface Why {
  /** Why it cannot be used; it stays where it is, keeps the focus, and says so. */
  reason?: string;
}

const events = { hover: true, focus: true, touch: true };

/** A button that cannot always be used, and then says why. */
export function ReasonButton({ reason, onClick, ...rest }: Html<ButtonProps> & Why) {
  const id = useId();
  if (!reason) return <Button {...rest} onClick={onClick} />;
  return (
    <>
      <Tooltip label={reason} events={events}>
        <Button {...rest} type="button" aria-disabled data-disabled aria-describedby={id} />
      </Tooltip>
      <VisuallyHidden id={id}>{reason}</VisuallyHidden>
    </>
  );
}

/** ReasonButton with an icon only; its label is also its tooltip. */
export function ReasonIcon({ reason, onClick, label, ...rest }: Html<ActionIconProps> & Why & { label: string }) {
  const id = useId();
  return (
    <>
      <Tooltip label={reason ?? label} events={events}>
        <ActionIcon
          variant="subtle"
          color="gray"
          size="lg"
          className={classes.icon}
          {...rest}
          type="button"
          aria-label={label}
          {...(reason ? { 'aria-disabled': true, 'data-disabled': true, 'aria-describedby': id } : { onClick })}
        />
      </Tooltip>
      {reason && <VisuallyHidden id={id}>{reason}</VisuallyHidden>}
    </>
  );
}
