import { IconHistory, IconInfoCircle, IconMessage2, IconMicrophone } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import type { Agent } from '~/api/client';
import { LinkButton } from '~/components/links';
import page from '~/components/Page.module.css';
import { useFormat } from '~/components/useFormat';
import { useWords } from '~/components/useWords';
import { wishToTalk } from '~/live/intent';
import { Chip } from '~/ui/Chip';
import { Orb } from '~/ui/Orb';
import classes from './AgentCard.module.css';

export function AgentCard({ agent }: { agent: Agent }) {
  const { t } = useTranslation('agents');
  const format = useFormat();
  const words = useWords();
  const Icon = agent.listens ? IconMicrophone : IconMessage2;
  return (
    <article className={`${page.card} ${classes.card}`} aria-labelledby={`agent-${agent.reference}`}>
      <header className={classes.head}>
        <Orb name={agent.name} size={44} />
        <div className={classes.names}>
          <h2 id={`agent-${agent.reference}`} className={classes.name}>
            {agent.name}
          </h2>
          <code className={classes.reference}>{agent.reference}</code>
        </div>
        <Chip tone="pos" dot>
          {t('active')}
        </Chip>
      </header>
      <p className={classes.description}>{agent.description}</p>
      <dl className={classes.facts}>
        <dt>{t('language')}</dt>
        <dd>{format.language(agent.language)}</dd>
        <dt>{t('recogniser')}</dt>
        <dd>{agent.listens ? agent.recogniser : t('noRecogniser')}</dd>
        <dt>{t('voice')}</dt>
        <dd>{agent.voice || t('none')}</dd>
        <dt>{t('model')}</dt>
        <dd>{agent.model || t('none')}</dd>
      </dl>
      {agent.notices.map((n) => (
        <p key={n.code} className={classes.notice}>
          <IconInfoCircle size={15} stroke={1.8} aria-hidden />
          {words.notice(n)}
        </p>
      ))}
      <footer className={classes.actions}>
        <LinkButton
          to="/agents/$agentId/session"
          params={{ agentId: agent.reference }}
          onClick={() => wishToTalk(agent.reference)}
          leftSection={<Icon size={16} stroke={1.8} aria-hidden />}
          aria-label={agent.listens ? t('talkTo', { name: agent.name }) : t('writeTo', { name: agent.name })}
        >
          {agent.listens ? t('talk') : t('write')}
        </LinkButton>
        <LinkButton
          to="/agents/voice-history"
          search={{ agent: agent.reference }}
          variant="subtle"
          color="gray"
          className={classes.history}
          leftSection={<IconHistory size={16} stroke={1.8} aria-hidden />}
          aria-label={t('historyOf', { name: agent.name })}
        >
          {t('history')}
        </LinkButton>
      </footer>
    </article>
  );
}
