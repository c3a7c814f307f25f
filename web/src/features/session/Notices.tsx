import { Button, CloseButton } from '@mantine/core';
import { IconAlertTriangle, IconInfoCircle, IconMicrophoneOff, IconVolumeOff } from '@tabler/icons-react';
import { type ComponentType, type ReactNode, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Agent } from '~/api/client';
import { useWords } from '~/components/useWords';
import { isLive, type MicFault } from '~/live/call';
import type { LiveCall } from '~/live/useLiveCall';
import classes from './Notices.module.css';

const faults: readonly string[] = ['denied', 'missing', 'busy', 'insecure', 'unavailable', 'lost'] satisfies MicFault[];

/** What limits this conversation right now, and the way out of each. */
export function Notices({ agent, live: { call, client } }: { agent: Agent; live: LiveCall }) {
  const { t } = useTranslation('session');
  const words = useWords();
  const [hidden, setHidden] = useState<readonly string[]>([]);
  const on = isLive(call.state) || call.state.name === 'connecting';
  const fault = on && faults.includes(call.mic.state) ? (call.mic.state as MicFault) : undefined;
  // Known before the call from the agent, and told again by the session.
  const told = call.state.name === 'idle' ? [] : call.notices;
  const shown = told.filter((n) => !hidden.includes(`${n.code} ${n.count}`));
  return (
    <div className={classes.notices}>
      {on && call.soundBlocked && (
        <Banner tone="warn" icon={IconVolumeOff} text={t('sound.blocked')}>
          <Button size="compact-sm" onClick={() => void client.unblockSound()}>
            {t('sound.allow')}
          </Button>
        </Banner>
      )}
      {fault && (
        <Banner tone="neg" icon={IconMicrophoneOff} text={`${t(`micFault.${fault}`)} ${t('micFault.textWorks')}`}>
          {fault !== 'insecure' && isLive(call.state) && (
            <Button size="compact-sm" variant="default" onClick={() => void client.enableMicrophone()}>
              {t('micFault.retry')}
            </Button>
          )}
        </Banner>
      )}
      {call.mic.trouble && <Banner tone="warn" icon={IconMicrophoneOff} text={t(`micFault.${call.mic.trouble}`)} />}
      {shown.map((n) => (
        <Banner
          key={n.code}
          tone={n.severity === 'error' ? 'neg' : 'warn'}
          icon={n.severity === 'error' ? IconAlertTriangle : IconInfoCircle}
          text={words.notice({ ...n, params: { ...n.params, name: agent.name } })}
        >
          <CloseButton
            size="sm"
            aria-label={t('dismiss')}
            onClick={() => setHidden([...hidden, `${n.code} ${n.count}`])}
          />
        </Banner>
      ))}
    </div>
  );
}

interface BannerProps {
  tone: 'warn' | 'neg';
  icon: ComponentType<{ size?: number; stroke?: number; 'aria-hidden'?: boolean }>;
  text: string;
  children?: ReactNode;
}

function Banner({ tone, icon: Icon, text, children }: BannerProps) {
  return (
    <div className={classes.banner} data-tone={tone} role={tone === 'neg' ? 'alert' : 'status'}>
      <Icon size={16} stroke={1.9} aria-hidden />
      <span className={classes.text}>{text}</span>
      {children}
    </div>
  );
}
