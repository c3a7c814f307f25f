import { Tooltip, VisuallyHidden } from '@mantine/core';
import { IconMicrophone, IconMicrophoneOff } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import type { Call } from '~/live/call';
import type { LiveClient } from '~/live/client';
import classes from './MicButton.module.css';

/** Green: it hears. Red and crossed: muted. Grey: there is none, and a click asks for it. */
export function MicButton({ call, client }: { call: Call; client: LiveClient }) {
  const { t } = useTranslation('session');
  const state = call.mic.state;
  const open = state === 'on' || state === 'muted';
  const action = state === 'on' ? t('mic.mute') : state === 'muted' ? t('mic.unmute') : t('mic.enable');
  const label = state === 'asking' ? t('mic.asking') : action;
  const Icon = state === 'on' ? IconMicrophone : IconMicrophoneOff;
  const press = () => {
    if (open) client.setMuted(state === 'on');
    else void client.enableMicrophone();
  };
  return (
    <Tooltip label={open ? t('mic.shortcut', { action }) : label}>
      <button
        type="button"
        className={classes.mic}
        data-state={open ? state : 'off'}
        aria-label={label}
        aria-pressed={open ? state === 'muted' : undefined}
        aria-disabled={state === 'asking' || undefined}
        onClick={press}
      >
        <Icon size={25} stroke={1.9} aria-hidden />
        <VisuallyHidden role="status">{open ? t(`mic.${state}`) : ''}</VisuallyHidden>
      </button>
    </Tooltip>
  );
}
