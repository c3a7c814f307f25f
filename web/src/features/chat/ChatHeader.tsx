import { ActionIcon, Button, Menu } from '@mantine/core';
import { IconArrowLeft, IconDots, IconDownload, IconHistory, IconPencilPlus, IconTrash } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Confirm } from '~/components/Confirm';
import { LinkIcon } from '~/components/links';
import { useFormat } from '~/components/useFormat';
import { exportAddress } from './api';
import classes from './Chat.module.css';
import type { ChatProfile } from './chat';
import { Face } from './Face';

interface Props {
  agent: ChatProfile;
  session?: string;
  busy: boolean;
  anew(): void;
  remove(): Promise<void>;
  /** Shows the earlier conversations, where they are not beside it. */
  sessions?(): void;
}

/** With whom one writes, and what can be done with the conversation. */
export function ChatHeader({ agent, session, busy, anew, remove, sessions }: Props) {
  const { t } = useTranslation(['chat', 'common']);
  const format = useFormat();
  const [asking, setAsking] = useState(false);
  const removal = useMutation({ mutationFn: remove, onSuccess: () => setAsking(false) });
  const icon = { size: 16, stroke: 1.8, 'aria-hidden': true };
  return (
    <header className={classes.header}>
      <title>{t('common:title', { page: t('title', { name: agent.name }) })}</title>
      <LinkIcon to="/text-agents/gallery" variant="subtle" color="gray" size={36} aria-label={t('back')}>
        <IconArrowLeft size={19} aria-hidden />
      </LinkIcon>
      <Face agent={agent} size={38} />
      <div className={classes.names}>
        <h1 className={classes.name}>{agent.name}</h1>
        <p className={classes.facts}>
          {agent.id} · {format.language(agent.language)}
        </p>
      </div>
      <div className={classes.actions}>
        {sessions && (
          <ActionIcon
            className={classes.narrow}
            variant="default"
            size={36}
            aria-label={t('sessions.title')}
            onClick={sessions}
          >
            <IconHistory {...icon} size={18} />
          </ActionIcon>
        )}
        <Button
          className={classes.anew}
          variant="default"
          leftSection={<IconPencilPlus {...icon} />}
          onClick={anew}
          aria-label={t('anew')}
        >
          <span className={classes.word}>{t('anew')}</span>
        </Button>
        <Menu position="bottom-end" withinPortal>
          <Menu.Target>
            <ActionIcon variant="default" size={36} aria-label={t('more')} disabled={!session}>
              <IconDots {...icon} size={18} />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
            {(['md', 'json'] as const).map((kind) => (
              <Menu.Item
                key={kind}
                component="a"
                download
                href={exportAddress(agent.id, session ?? '', kind)}
                leftSection={<IconDownload {...icon} />}
              >
                {t(`export.${kind}`)}
              </Menu.Item>
            ))}
            <Menu.Divider />
            <Menu.Item disabled={busy} leftSection={<IconTrash {...icon} />} onClick={() => setAsking(true)}>
              {t('delete.button')}
            </Menu.Item>
          </Menu.Dropdown>
        </Menu>
      </div>
      <Confirm
        opened={asking}
        title={t('delete.title')}
        text={t('delete.text')}
        confirm={t('delete.button')}
        pending={removal.isPending}
        error={removal.error}
        close={() => setAsking(false)}
        go={() => removal.mutate()}
      />
    </header>
  );
}
