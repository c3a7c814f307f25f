import { IconMicrophoneOff, IconPlugConnectedX } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import type { PeerState } from '~/live/peercall';
import classes from './Failure.module.css';

/** Why there is no call, and what to do. What the server refuses is said by the form. */
export function Failure({ state }: { state: Extract<PeerState, { name: 'failed' }> }) {
  const { t } = useTranslation(['realtime', 'session']);
  if (state.code === 'create') return null;
  const Icon = state.code === 'mic' ? IconMicrophoneOff : IconPlugConnectedX;
  return (
    <p className={classes.failure} role="alert">
      <Icon size={17} stroke={1.9} aria-hidden />
      <span>{state.code === 'mic' ? t(`session:micFault.${state.fault}`) : t('own.network')}</span>
    </p>
  );
}
