import { IconMessage2, IconMicrophone } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import type { Agent } from '~/api/client';
import { GuardedButton } from '~/components/Guarded';
import { Orb } from '~/ui/Orb';
import classes from './Connecting.module.css';

/** Shown when the page was opened by its address: what will happen, and the click without which a browser gives no sound. */
export function BeforeStart({ agent, start }: { agent: Agent; start(microphone: boolean): void }) {
  const { t } = useTranslation('session');
  return (
    <div className={classes.panel}>
      <Orb name={agent.name} size={72} />
      <h2 className={classes.title}>{t('before.title', { name: agent.name })}</h2>
      <p className={classes.text}>{agent.listens ? t('before.mic') : t('before.text')}</p>
      <div className={classes.actions}>
        <GuardedButton
          needs="talk"
          size="md"
          leftSection={
            agent.listens ? <IconMicrophone size={18} aria-hidden /> : <IconMessage2 size={18} aria-hidden />
          }
          onClick={() => start(agent.listens)}
        >
          {t('before.start')}
        </GuardedButton>
        {agent.listens && (
          <GuardedButton needs="talk" size="md" variant="default" onClick={() => start(false)}>
            {t('before.withoutMic')}
          </GuardedButton>
        )}
      </div>
    </div>
  );
}
