import { IconMessage } from '@tabler/icons-react';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { AgentDetail } from '~/api/agents';
import classes from './Embed.module.css';
import type { EmbedForm } from './embedApi';

const ours = '#4a148c';

/** The panel as visitors will see it, before anything is saved: the real one, which is told what to show. */
export function EmbedPreview({ agent, id, form }: { agent: AgentDetail; id: string; form: EmbedForm }) {
  const { t, i18n } = useTranslation('embed');
  const frame = useRef<HTMLIFrameElement>(null);
  const [ready, setReady] = useState(0);
  const { chat } = agent.definition;
  const color = /^#[0-9a-f]{6}$/i.test(form.color) ? form.color : ours;
  useEffect(() => {
    const hear = (e: MessageEvent) => {
      if (e.origin === window.location.origin && e.source === frame.current?.contentWindow && e.data?.griot === 'hello')
        setReady((n) => n + 1);
    };
    window.addEventListener('message', hear);
    return () => window.removeEventListener('message', hear);
  }, []);
  useEffect(() => {
    if (ready === 0) return;
    const looks = {
      id,
      name: agent.name,
      language: agent.language,
      words: form.language,
      greeting: form.greeting || agent.greeting,
      suggestions: chat.suggestions,
      text: form.text || !form.voice,
      voice: form.voice && agent.kind !== 'text',
      position: form.position,
      color,
      avatar: chat.avatar,
      theme: form.theme,
      label: form.label,
      identity: form.identity,
    };
    frame.current?.contentWindow?.postMessage({ griot: 'preview', looks, lang: i18n.language }, window.location.origin);
  }, [ready, agent, id, form, chat, color, i18n.language]);
  return (
    <aside className={classes.preview} aria-label={t('preview')}>
      <h2>{t('preview')}</h2>
      <div className={classes.stage}>
        <iframe
          ref={frame}
          title={t('previewOf', { name: agent.name })}
          src={`/embed/agent/${encodeURIComponent(id)}#preview`}
        />
        <div
          className={classes.dot}
          data-side={form.position === 'bottom-left' ? 'left' : 'right'}
          ref={(e) => e?.style.setProperty('background', color)}
          aria-hidden
        >
          <IconMessage size={24} stroke={1.8} />
        </div>
      </div>
    </aside>
  );
}
