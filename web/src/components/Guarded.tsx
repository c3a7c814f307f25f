import { ActionIcon, type ActionIconProps, Button, type ButtonProps, Tooltip } from '@mantine/core';
import type { ButtonHTMLAttributes } from 'react';
import { useAccess } from '~/components/access';

interface Props extends ButtonProps, Omit<ButtonHTMLAttributes<HTMLButtonElement>, keyof ButtonProps> {
  /** What the button does needs this. */
  needs: string;
}

/** A button that stays where it is for those who may not use it, and says why. It keeps the focus, so that the reason can be read by keyboard. */
export function GuardedButton({ needs, onClick, ...rest }: Props) {
  const { allowed, reason } = useAccess(needs);
  if (allowed) return <Button {...rest} onClick={onClick} />;
  return (
    <Tooltip label={reason} events={{ hover: true, focus: true, touch: true }}>
      <Button {...rest} type="button" aria-disabled data-disabled onClick={(e) => e.preventDefault()} />
    </Tooltip>
  );
}

interface IconProps extends ActionIconProps, Omit<ButtonHTMLAttributes<HTMLButtonElement>, keyof ActionIconProps> {
  needs: string;
}

/** The same for a button that is an icon. */
export function GuardedIcon({ needs, onClick, disabled, ...rest }: IconProps) {
  const { allowed, reason } = useAccess(needs);
  if (allowed) return <ActionIcon {...rest} disabled={disabled} onClick={onClick} />;
  return (
    <Tooltip label={reason} events={{ hover: true, focus: true, touch: true }}>
      <ActionIcon {...rest} type="button" aria-disabled data-disabled onClick={(e) => e.preventDefault()} />
    </Tooltip>
  );
}
