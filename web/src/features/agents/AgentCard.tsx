import { Menu } from '@mantine/core';
import {
  IconCopy,
  IconDots,
  IconDownload,
  IconGitCompare,
  IconHistory,
  IconInfoCircle,
  IconMessage2,
  IconMicrophone,
  IconPencil,
  IconTrash,
} from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import type { Agent } from '~/api/agents';
import { LinkButton, LinkIcon, LinkMenuItem } from '~/components/links';
import page from '~/components/Page.module.css';
import { useFormat } from '~/components/useFormat';
import { useWords } from '~/components/useWords';
import { wishToTalk } from '~/live/intent';
import { Chip } from '~/ui/Chip';
import { Orb } from '~/ui/Orb';
import classes from './AgentCard.module.css';
import { exportAddress } from './api';
import { ReasonButton, ReasonIcon } from './ReasonButton';
import { useFixed } from './useFixed';
import { useRefusal } from './useMay';

interface Props {
  agent: Agent;
  duplicate(): void;
  remove(): void;
  /** One of them is under way. */
  busy?: boolean;
}

export function AgentCard({ agent, duplicate, remove, busy }: Props) {
  const { t } = useTranslation('agents');
  const format = useFormat();
  const words = useWords();
  const name = agent.name || t('nameless');
  return (
    <article className={`${page.card} ${classes.card}`} aria-labelledby={`agent-${agent.reference}`}>
      <header className={classes.head}>
        <Orb name={name} size={44} />
        <div className={classes.names}>
          <h2 id={`agent-${agent.reference}`} className={classes.name}>
            <Link to="/agents/$agentId" params={{ agentId: agent.reference }} className={classes.open}>
              {name}
            </Link>
          </h2>
          <code className={classes.reference}>{agent.reference}</code>
        </div>
        <StatusChip status={agent.status} />
      </header>
      <p className={classes.description}>{agent.description}</p>
      <dl className={classes.facts}>
        <dt>{t('language')}</dt>
        <dd>{format.language(agent.language)}</dd>
        {agent.kind !== 'text' && (
          <>
            <dt>{t('recogniser')}</dt>
            <dd>{agent.listens ? agent.recogniser : t('noRecogniser')}</dd>
            <dt>{t('voice')}</dt>
            <dd>{agent.voice || t('none')}</dd>
          </>
        )}
        <dt>{t('model')}</dt>
        <dd>{agent.model || t('none')}</dd>
        {agent.tools.length > 0 && (
          <>
            <dt>{t('tools')}</dt>
            <dd>{format.number(agent.tools.length)}</dd>
          </>
        )}
      </dl>
      {agent.notices.map((n) => (
        <p key={n.code} className={classes.notice}>
          <IconInfoCircle size={15} stroke={1.8} aria-hidden />
          {words.notice(n)}
        </p>
      ))}
      <footer className={classes.actions}>
        <TalkButton agent={agent} />
        <span className={classes.space} />
        <EditIcon agent={agent} name={name} />
        <CopyAndDelete agent={agent} name={name} duplicate={duplicate} remove={remove} busy={busy} />
        <More agent={agent} name={name} />
      </footer>
    </article>
  );
}

export function StatusChip({ status }: { status: Agent['status'] }) {
  const { t } = useTranslation('agents');
  return (
    <Chip tone={status === 'active' ? 'pos' : 'plain'} dot>
      {t(`status.${status}`)}
    </Chip>
  );
}

/** Leads to the conversation; on a draft, and for those who may not talk, it says why not. */
export function TalkButton({ agent }: { agent: Agent }) {
  const { t } = useTranslation('agents');
  const refusal = useRefusal('talk');
  const reason = agent.status === 'draft' ? t('draftCannotTalk') : refusal;
  const aloud = agent.listens && agent.kind !== 'text';
  const Icon = aloud ? IconMicrophone : IconMessage2;
  const shown = {
    leftSection: <Icon size={16} stroke={1.8} aria-hidden />,
    'aria-label': aloud ? t('talkTo', { name: agent.name }) : t('writeTo', { name: agent.name }),
    children: aloud ? t('talk') : t('write'),
  };
  if (reason) return <ReasonButton {...shown} reason={reason} />;
  if (agent.kind === 'text')
    return <LinkButton {...shown} to="/text-agents/chat/$agentId" params={{ agentId: agent.reference }} />;
  return (
    <LinkButton
      {...shown}
      to="/agents/$agentId/session"
      params={{ agentId: agent.reference }}
      onClick={() => wishToTalk(agent.reference)}
    />
  );
}

function EditIcon({ agent, name }: { agent: Agent; name: string }) {
  const { t } = useTranslation('agents');
  const reason = useFixed(agent);
  const icon = <IconPencil size={18} stroke={1.8} aria-hidden />;
  if (reason) {
    return (
      <ReasonIcon label={t('editOf', { name })} reason={reason}>
        {icon}
      </ReasonIcon>
    );
  }
  return (
    <LinkIcon
      to="/agents/unified/create"
      search={{ agent: agent.reference }}
      variant="subtle"
      color="gray"
      size="lg"
      aria-label={t('editOf', { name })}
      title={t('edit')}
    >
      {icon}
    </LinkIcon>
  );
}

function CopyAndDelete({ agent, name, duplicate, remove, busy }: Props & { name: string }) {
  const { t } = useTranslation('agents');
  return (
    <>
      <ReasonIcon
        label={t('duplicateOf', { name })}
        reason={useRefusal('agents:write')}
        onClick={duplicate}
        loading={busy}
      >
        <IconCopy size={18} stroke={1.8} aria-hidden />
      </ReasonIcon>
      <ReasonIcon label={t('deleteOf', { name })} reason={useFixed(agent)} onClick={remove} disabled={busy}>
        <IconTrash size={18} stroke={1.8} aria-hidden />
      </ReasonIcon>
    </>
  );
}

function More({ agent, name }: { agent: Agent; name: string }) {
  const { t } = useTranslation('agents');
  const { reference } = agent;
  return (
    <Menu position="bottom-end" withinPortal>
      <Menu.Target>
        <ReasonIcon label={t('moreOf', { name })}>
          <IconDots size={18} stroke={1.8} aria-hidden />
        </ReasonIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <LinkMenuItem
          to="/agents/$agentId"
          params={{ agentId: reference }}
          search={{ tab: 'versions' }}
          leftSection={<IconGitCompare size={16} stroke={1.8} aria-hidden />}
        >
          {t('versions.title')}
        </LinkMenuItem>
        <LinkMenuItem
          to="/agents/voice-history"
          search={{ agent: reference }}
          leftSection={<IconHistory size={16} stroke={1.8} aria-hidden />}
        >
          {t('history')}
        </LinkMenuItem>
        <Menu.Item
          component="a"
          href={exportAddress(reference)}
          download
          leftSection={<IconDownload size={16} stroke={1.8} aria-hidden />}
        >
          {t('export')}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
