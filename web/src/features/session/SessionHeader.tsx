import { IconArrowLeft } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import type { Agent } from '~/api/client';
import { LinkIcon } from '~/components/links';
import { useFormat } from '~/components/useFormat';
import { useSeconds } from '~/components/useSeconds';
import { type Call, isLive, isOver } from '~/live/call';
import { Chip } from '~/ui/Chip';
import { Orb } from '~/ui/Orb';
import classes from './SessionHeader.module.css';

/** Who one talks with, whether the line stands, and for how long. */
export function SessionHeader({ agent, call }: { agent: Agent; call: Call }) {
  const { t } = useTranslation(['session', 'common']);
  const facts = [agent.reference, agent.model, agent.voice, agent.language].filter(Boolean);
  return (
    <header className={classes.header}>
      <title>{t('common:title', { page: t('title', { name: agent.name }) })}</title>
      <LinkIcon to="/agents/gallery" variant="subtle" color="gray" size={36} aria-label={t('back')}>
        <IconArrowLeft size={19} aria-hidden />
      </LinkIcon>
      <Orb name={agent.name} size={38} />
      <div className={classes.names}>
        <h1 className={classes.name}>{agent.name}</h1>
        <p className={classes.facts}>{facts.join(' · ')}</p>
      </div>
      <span role="status" className={classes.state}>
        {isLive(call.state) && (
          <Chip tone="pos" dot="live">
            {t('state.connected')}
          </Chip>
        )}
        {call.state.name === 'connecting' && (
          <Chip tone="warn" dot>
            {t('state.connecting')}
          </Chip>
        )}
        {isOver(call.state) && <Chip dot>{t('state.disconnected')}</Chip>}
      </span>
      {call.openedAt !== undefined && <Elapsed from={call.openedAt} to={call.endedAt} limit={call.maxDurationMs} />}
    </header>
  );
}

function Elapsed({ from, to, limit }: { from: number; to?: number; limit?: number }) {
  const { t } = useTranslation('session');
  const format = useFormat();
  const now = useSeconds(to === undefined);
  const elapsed = format.clock((to ?? now) - from);
  return (
    <span
      className={classes.time}
      role="timer"
      aria-label={limit ? t('elapsed', { elapsed, limit: format.clock(limit) }) : elapsed}
    >
      <b>{elapsed}</b>
      {limit ? <span className={classes.limit}> / {format.clock(limit)}</span> : null}
    </span>
  );
}
