import { Button } from '@mantine/core';
import { IconPhoneOff, IconPlugConnectedX, IconRefresh } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { LinkButton } from '~/components/links';
import type { Call, CallState } from '~/live/call';
import classes from './Outcome.module.css';

interface Props {
  call: Call;
  state: Extract<CallState, { name: 'ended' | 'failed' }>;
  again(): void;
}

/** How a conversation came to its end, and where to go from there. */
export function Outcome({ call, state, again }: Props) {
  const { t, i18n } = useTranslation('session');
  const failed = state.name === 'failed';
  const Icon = failed ? IconPlugConnectedX : IconPhoneOff;
  const known = !failed && i18n.exists(`session:ended.${state.reason}`);
  const text = failed
    ? t(`failed.${state.code}`)
    : t(known ? (`ended.${state.reason}` as 'ended.idle') : 'ended.other', { reason: state.reason });
  return (
    <div className={classes.outcome} data-failed={failed || undefined} role={failed ? 'alert' : 'status'}>
      <Icon size={20} stroke={1.8} aria-hidden />
      <div className={classes.words}>
        <strong>{failed ? t('failed.title') : t('ended.title')}</strong>
        <p>{text}</p>
        {failed && state.detail && <p className={classes.detail}>{t('failed.detail', { detail: state.detail })}</p>}
      </div>
      <div className={classes.actions}>
        <Button variant="default" leftSection={<IconRefresh size={16} aria-hidden />} onClick={again}>
          {t('end.again')}
        </Button>
        {call.conversation && (
          <LinkButton to="/agents/voice-history/$sessionId" params={{ sessionId: call.conversation }}>
            {t('end.open')}
          </LinkButton>
        )}
      </div>
    </div>
  );
}
