import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { Agent } from '~/api/client';
import { useFormat } from '~/components/useFormat';
import type { Call } from '~/live/call';
import type { LiveClient } from '~/live/client';
import classes from './Details.module.css';

/** What is at work in this session. */
export function Details({ agent, call, client }: { agent: Agent; call: Call; client: LiveClient }) {
  const { t } = useTranslation('session');
  const format = useFormat();
  const { sent, dropped } = client.frames;
  const rows: [string, ReactNode][] = [
    [
      t('details.conversation'),
      call.conversation && (
        <Link to="/agents/voice-history/$sessionId" params={{ sessionId: call.conversation }} target="_blank">
          {call.conversation}
        </Link>
      ),
    ],
    [t('details.agent'), agent.reference],
    [t('details.language'), format.language(agent.language)],
    [t('details.model'), call.agent?.model ?? agent.model],
    [t('details.flow'), call.node],
    [t('details.voice'), call.agent?.voice ?? agent.voice],
    [t('details.recogniser'), call.agent?.recogniser ?? agent.recogniser],
    [t('details.microphone'), call.mic.label],
    [t('details.input'), sent > 0 && t('details.inputValue', { frames: format.number(sent) })],
    [
      t('details.output'),
      client.outputLatencyMs > 0 && t('details.outputValue', { ms: format.ms(client.outputLatencyMs) }),
    ],
  ];
  return (
    <dl className={classes.details}>
      {rows.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value || t('details.none')}</dd>
        </div>
      ))}
      {dropped > 0 && <dd className={classes.dropped}>{t('details.dropped', { count: dropped })}</dd>}
    </dl>
  );
}
