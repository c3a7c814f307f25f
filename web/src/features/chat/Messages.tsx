import { Button, CopyButton, Skeleton } from '@mantine/core';
import { IconArrowDown, IconCheck, IconCopy, IconFile, IconLoader2 } from '@tabler/icons-react';
import { memo, useEffect, useLayoutEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Markdown } from '~/components/Markdown';
import { useFormat } from '~/components/useFormat';
import { useWords } from '~/components/useWords';
import classes from './Chat.module.css';
import type { ChatProfile, ChatState, Item, Said } from './chat';
import { Face } from './Face';
import { ToolStep } from './ToolStep';

interface Props {
  agent: ChatProfile;
  state: ChatState;
  loading: boolean;
  /** Why the session in the address is not shown. */
  failed?: string;
  ask(prompt: string): void;
  anew(): void;
}

/** How far from the end one may be and still be carried along, in pixels. */
const near = 80;

/** What was said, with the steps between; the newest stays in sight unless one reads further up. */
export function Messages({ agent, state, loading, failed, ask, anew }: Props) {
  const { t } = useTranslation(['chat', 'common']);
  const words = useWords();
  const box = useRef<HTMLDivElement>(null);
  const [away, setAway] = useState(false);
  const { items, status, error } = state;
  const last = items.at(-1);

  // biome-ignore lint/correctness/useExhaustiveDependencies: each word that comes moves the end
  useLayoutEffect(() => {
    const b = box.current;
    if (b && !away) b.scrollTop = b.scrollHeight;
  }, [items, status, error, away]);
  const written = items.findLast((i) => i.kind === 'user')?.id;
  useEffect(() => {
    if (written) setAway(false); // who writes wants to see the answer
  }, [written]);
  const scrolled = () => {
    const b = box.current;
    if (b) setAway(b.scrollHeight - b.scrollTop - b.clientHeight > near);
  };
  const waiting = status === 'sending' || (status === 'writing' && !(last?.kind === 'agent' && last.writing));
  return (
    <div className={classes.scroll}>
      {/* New words are not read out one by one: the region below says the reply when it is whole. */}
      <div
        ref={box}
        className={classes.messages}
        role="log"
        aria-live="off"
        aria-label={t('log', { name: agent.name })}
        aria-busy={status !== 'idle'}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
        tabIndex={0}
        onScroll={scrolled}
      >
        <div className={classes.column}>
          {loading && <Skeleton height={180} radius="lg" aria-label={t('common:loading')} />}
          {items.length === 0 && !loading && <Welcome agent={agent} ask={ask} failed={failed} anew={anew} />}
          {items.map((i) => (
            <Entry key={i.id} item={i} agent={agent} />
          ))}
          {waiting && last?.kind !== 'tool' && (
            <p className={classes.thinking}>
              <Face agent={agent} size={28} />
              <span className={classes.dots} aria-hidden>
                <i />
                <i />
                <i />
              </span>
            </p>
          )}
          {status === 'reconnecting' && (
            <p className={classes.notice} data-tone="warn">
              <IconLoader2 size={15} stroke={2} className={classes.turning} aria-hidden />
              {t('reconnecting')}
            </p>
          )}
          {error && (
            <p className={classes.notice} data-tone="neg" role="alert">
              {words.error(error.code, error.message, error.params)}
            </p>
          )}
          {state.over && status === 'idle' && (
            <div className={classes.notice} role="status">
              <span>{t('over')}</span>
              <Button size="compact-sm" variant="light" onClick={anew}>
                {t('anew')}
              </Button>
            </div>
          )}
        </div>
      </div>
      {away && (
        <button
          type="button"
          className={classes.toEnd}
          onClick={() => {
            setAway(false);
            box.current?.focus({ preventScroll: true });
          }}
        >
          <IconArrowDown size={15} stroke={2} aria-hidden />
          {t('toEnd')}
        </button>
      )}
      <Spoken state={state} name={agent.name} />
    </div>
  );
}

/** What a screen reader says: that the agent writes, which tool it uses, and the reply once it is whole. */
function Spoken({ state, name }: { state: ChatState; name: string }) {
  const { t } = useTranslation('chat');
  const heard = useRef(false);
  const { status, items } = state;
  if (status !== 'idle') heard.current = true;
  const last = items.findLast((i): i is Said => i.kind === 'agent');
  const tool = items.at(-1);
  let words = '';
  if (status === 'reconnecting') words = t('reconnecting');
  else if (tool?.kind === 'tool' && tool.status === 'running') words = t('tool.running', { tool: tool.name });
  else if (status !== 'idle') words = t('writing', { name });
  else if (heard.current && last) words = `${name}: ${last.text}`;
  return (
    <p className={classes.spoken} role="status">
      {words}
    </p>
  );
}

function Welcome({
  agent,
  ask,
  failed,
  anew,
}: {
  agent: ChatProfile;
  ask(p: string): void;
  failed?: string;
  anew(): void;
}) {
  const { t } = useTranslation('chat');
  if (failed) {
    return (
      <div className={classes.notice} data-tone="neg" role="alert">
        <span>{failed}</span>
        <Button size="compact-sm" variant="light" onClick={anew}>
          {t('anew')}
        </Button>
      </div>
    );
  }
  return (
    <>
      {agent.welcome_message ? (
        <Entry item={{ kind: 'agent', id: 'welcome', text: agent.welcome_message, at: 0 }} agent={agent} />
      ) : (
        <div className={classes.empty}>
          <Face agent={agent} size={56} />
          <p>{t('empty', { name: agent.name })}</p>
        </div>
      )}
      {agent.suggested_prompts.length > 0 && (
        <ul className={classes.prompts} aria-label={t('suggested')}>
          {agent.suggested_prompts.map((p) => (
            <li key={p}>
              <button type="button" className={classes.prompt} lang={agent.language} onClick={() => ask(p)}>
                {p}
              </button>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

const Entry = memo(function Entry({ item, agent }: { item: Item; agent: ChatProfile }) {
  const { t } = useTranslation('chat');
  const format = useFormat();
  if (item.kind === 'tool') return <ToolStep step={item} />;
  const mine = item.kind === 'user';
  return (
    <article className={classes.message} data-kind={item.kind}>
      {!mine && <Face agent={agent} size={28} />}
      <div className={classes.body}>
        <p className={classes.meta}>
          <b>{mine ? t('you') : agent.name}</b>
          {item.at > 0 && <time dateTime={new Date(item.at).toISOString()}>{format.hour(new Date(item.at))}</time>}
        </p>
        {item.attachments && item.attachments.length > 0 && (
          <ul className={classes.shown} aria-label={t('files.list')}>
            {item.attachments.map((a) => (
              <li key={a.name} className={classes.file}>
                {a.preview ? (
                  <img src={a.preview} alt="" className={classes.picture} />
                ) : (
                  <IconFile size={16} stroke={1.7} aria-hidden />
                )}
                {a.name}
              </li>
            ))}
          </ul>
        )}
        {item.text !== '' && (
          <div className={classes.bubble} aria-busy={item.writing || undefined}>
            {mine ? item.text : <Markdown text={item.text} />}
          </div>
        )}
        {!mine && !item.writing && (
          <p className={classes.under}>
            {item.cut && <span>{t(`cut.${item.cut}` as 'cut.stopped')}</span>}
            {item.id !== 'welcome' && (
              <CopyButton value={item.text}>
                {({ copied, copy }) => (
                  <button
                    type="button"
                    className={classes.copy}
                    onClick={copy}
                    aria-label={copied ? t('copied') : t('copy')}
                  >
                    {copied ? (
                      <IconCheck size={14} stroke={2} aria-hidden />
                    ) : (
                      <IconCopy size={14} stroke={1.8} aria-hidden />
                    )}
                  </button>
                )}
              </CopyButton>
            )}
          </p>
        )}
      </div>
    </article>
  );
});
