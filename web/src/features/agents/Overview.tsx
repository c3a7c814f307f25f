import { IconInfoCircle } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import type { AgentDetail } from '~/api/agents';
import { LinkButton } from '~/components/links';
import page from '~/components/Page.module.css';
import { useFormat } from '~/components/useFormat';
import { useWords } from '~/components/useWords';
import classes from './AgentPage.module.css';
import { useKeyWords } from './useKeyWords';
import { useProblem } from './useProblem';

/** What an agent is made of, and what is wrong with it. */
export function Overview({ agent }: { agent: AgentDetail }) {
  const { t } = useTranslation('agents');
  const format = useFormat();
  const words = useWords();
  const keys = useKeyWords();
  const { finding } = useProblem();
  const { definition: d } = agent;
  const facts: [string, string][] = [
    [t('language'), format.language(agent.language)],
    [t('model'), agent.model || t('none')],
  ];
  if (agent.kind !== 'text') {
    facts.push(
      [t('voice'), agent.voice || t('none')],
      [t('recogniser'), agent.listens ? agent.recogniser : t('noRecogniser')],
    );
    facts.push(
      [keys.key('turn.detection'), keys.value(d.turn.detection)],
      [keys.key('turn.interrupt'), keys.value(d.turn.interrupt)],
    );
  }
  if (agent.kind === 'text') {
    facts.push(
      [keys.key('chat.timeout'), keys.value(d.chat.timeout)],
      [keys.key('chat.max_messages'), format.number(d.chat.max_messages)],
      [keys.key('chat.save'), keys.value(d.chat.save)],
    );
  }
  if (agent.kind !== 'text') facts.push([keys.key('limits.max_duration'), keys.value(d.limits.max_duration)]);
  facts.push([t('tools'), keys.value(agent.tools)]);
  if (agent.created_at) {
    facts.push([
      t('overview.created'),
      `${format.dateTime(agent.created_at)}${agent.created_by && ` · ${keys.author(agent.created_by)}`}`,
    ]);
  }
  if (agent.updated_at) {
    facts.push([
      t('overview.updated'),
      `${format.dateTime(agent.updated_at)}${agent.updated_by && ` · ${keys.author(agent.updated_by)}`}`,
    ]);
  }
  return (
    <div className={classes.columns}>
      <div className={classes.stack}>
        {agent.source === 'file' && <p className={classes.hint}>{t('fileIsFixed')}</p>}
        {agent.findings.map((f) => (
          <p key={f.field + f.code} className={classes.finding} data-severity={f.severity}>
            <IconInfoCircle size={16} stroke={1.8} aria-hidden />
            {finding(f)}
          </p>
        ))}
        {agent.notices.map((n) => (
          <p key={n.code} className={classes.finding} data-severity="warning">
            <IconInfoCircle size={16} stroke={1.8} aria-hidden />
            {words.notice(n)}
          </p>
        ))}
        {agent.description && <p className={classes.description}>{agent.description}</p>}
        <Text title={t('wizard.instructions.greeting')} text={agent.greeting} />
        <Text title={t('wizard.instructions.label')} text={d.instructions} />
      </div>
      <aside className={`${page.card} ${classes.side}`} aria-label={t('overview.facts')}>
        <dl className={classes.facts}>
          {facts.map(([label, value]) => (
            <div key={label}>
              <dt>{label}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
        <LinkButton variant="light" fullWidth to="/agents/voice-history" search={{ agent: agent.reference }}>
          {t('history')}
        </LinkButton>
      </aside>
    </div>
  );
}

function Text({ title, text }: { title: string; text: string }) {
  const { t } = useTranslation('agents');
  return (
    <section className={`${page.card} ${classes.text}`}>
      <h2>{title}</h2>
      {text === '' ? <p className={classes.quiet}>{t('none')}</p> : <p className={classes.prose}>{text}</p>}
    </section>
  );
}
