import { Button, Menu } from '@mantine/core';
import {
  IconArrowLeft,
  IconBraces,
  IconDownload,
  IconFileText,
  IconMessage2,
  IconTable,
  IconTrash,
} from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { ConversationDetail } from '~/api/client';
import { GuardedIcon } from '~/components/Guarded';
import { LinkButton, LinkIcon } from '~/components/links';
import { useFormat } from '~/components/useFormat';
import { Chip } from '~/ui/Chip';
import { Orb } from '~/ui/Orb';
import classes from './CallHeader.module.css';
import { DeleteDialog } from './DeleteDialog';
import { saveCsv, saveJson, saveText } from './export';

const tones = { active: 'pos', ended: 'plain', failed: 'neg' } as const;

export function CallHeader({ call }: { call: ConversationDetail }) {
  const { t } = useTranslation(['calls', 'common']);
  const format = useFormat();
  const [deleting, setDeleting] = useState(false);
  const name = call.agent_name || call.agent;
  const title = name ? t('detail.title', { agent: name }) : t('detail.untitled');
  return (
    <header className={classes.header}>
      <title>{t('common:title', { page: title })}</title>
      <LinkIcon to="/agents/voice-history" variant="subtle" color="gray" size={36} aria-label={t('detail.back')}>
        <IconArrowLeft size={19} aria-hidden />
      </LinkIcon>
      <Orb name={name || '?'} size={38} />
      <div className={classes.names}>
        <h1 className={classes.name}>{title}</h1>
        <p className={classes.facts}>
          <time dateTime={call.started_at}>{format.dateTime(call.started_at)}</time>
          {call.agent && ` · ${call.agent}`}
        </p>
      </div>
      <Chip tone={tones[call.status]} dot={call.status === 'active' ? 'live' : true}>
        {t(`status.${call.status}`)}
      </Chip>
      <span className={classes.space} />
      {call.channel === 'text' && call.agent && call.end_reason === 'client_closed' && (
        <LinkButton
          variant="default"
          className={classes.action}
          to="/text-agents/chat/$agentId"
          params={{ agentId: call.agent }}
          search={{ session: `sess-${call.id}` }}
          leftSection={<IconMessage2 size={16} stroke={1.8} aria-hidden />}
        >
          {t('detail.goOn')}
        </LinkButton>
      )}
      <Menu position="bottom-end" width={280} shadow="md" radius="lg">
        <Menu.Target>
          <Button
            variant="default"
            className={classes.action}
            leftSection={<IconDownload size={16} stroke={1.8} aria-hidden />}
          >
            {t('detail.export')}
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item leftSection={<IconBraces size={17} aria-hidden />} onClick={() => void saveJson(call)}>
            {t('detail.exportJson')}
          </Menu.Item>
          <Menu.Item leftSection={<IconTable size={17} aria-hidden />} onClick={() => saveCsv(call)}>
            {t('detail.exportCsv')}
          </Menu.Item>
          <Menu.Item leftSection={<IconFileText size={17} aria-hidden />} onClick={() => saveText(call, t, format)}>
            {t('detail.exportText')}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <GuardedIcon
        needs="conversations:delete"
        variant="default"
        size={36}
        className={classes.delete}
        aria-label={t('detail.delete')}
        disabled={call.status === 'active'}
        onClick={() => setDeleting(true)}
      >
        <IconTrash size={18} stroke={1.7} aria-hidden />
      </GuardedIcon>
      <DeleteDialog id={call.id} opened={deleting} close={() => setDeleting(false)} />
    </header>
  );
}
