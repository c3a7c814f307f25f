import { Button } from '@mantine/core';
import { IconPhoneOff } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import type { Agent } from '~/api/client';
import type { Call } from '~/live/call';
import type { LiveClient } from '~/live/client';
import { Composer } from './Composer';
import classes from './Dock.module.css';
import { Floor } from './Floor';
import { Lanes } from './Lanes';
import { MicButton } from './MicButton';
import { Volume } from './Volume';

interface Props {
  agent: Agent;
  call: Call;
  client: LiveClient;
  confirming: boolean;
  setConfirming(confirming: boolean): void;
}

/** What one does in a conversation: who has the floor, microphone, both sounds, writing and keys, the end. */
export function Dock({ agent, call, client, confirming, setConfirming }: Props) {
  const { t } = useTranslation('session');
  return (
    <div className={classes.dock}>
      <div className={classes.state}>
        <Floor agent={agent} call={call} />
        <span className={classes.legend} aria-hidden>
          <i data-who="user" />
          {t('lanes.you')}
          <i data-who="agent" />
          {t('lanes.agent')}
          <i data-who="tool" />
          {t('lanes.tool')}
        </span>
      </div>
      <div className={classes.row}>
        <MicButton call={call} client={client} />
        <Lanes client={client} call={call} />
        <Volume client={client} />
        {confirming ? (
          <fieldset className={classes.confirm} aria-label={t('end.confirm')}>
            <Button variant="default" onClick={() => setConfirming(false)}>
              {t('end.stay')}
            </Button>
            <Button className={classes.end} autoFocus onClick={() => client.end()}>
              {t('end.button')}
            </Button>
          </fieldset>
        ) : (
          <Button
            className={classes.end}
            radius="xl"
            leftSection={<IconPhoneOff size={18} stroke={2} aria-hidden />}
            onClick={() => client.end()}
          >
            {t('end.button')}
          </Button>
        )}
      </div>
      <Composer agent={agent} client={client} />
    </div>
  );
}
