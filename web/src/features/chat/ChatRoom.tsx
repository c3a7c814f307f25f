import { useQueryClient } from '@tanstack/react-query';
import { type DragEvent, useEffect, useRef, useState, useSyncExternalStore } from 'react';
import { useTranslation } from 'react-i18next';
import { useAccess } from '~/components/access';
import { useWords } from '~/components/useWords';
import { deleteSession, fetchSession } from './api';
import classes from './Chat.module.css';
import { ChatHeader } from './ChatHeader';
import { Composer } from './Composer';
import { Chat, type ChatProfile } from './chat';
import { Messages } from './Messages';
import { Sessions } from './Sessions';
import { useFiles } from './useFiles';

interface Props {
  agent: ChatProfile;
  session?: string;
  go(session: string | undefined, replace?: boolean): void;
}

export function ChatRoom({ agent, session, go }: Props) {
  const { t } = useTranslation(['chat', 'common']);
  const words = useWords();
  const queries = useQueryClient();
  const readable = useAccess('conversations:read').allowed;
  const [chat] = useState(() => new Chat(agent.id));
  const state = useSyncExternalStore(chat.subscribe, chat.read);
  const [text, setText] = useState('');
  const [rail, setRail] = useState(false);
  const [over, setOver] = useState(false);
  const files = useFiles(agent.attachments);
  const field = useRef<HTMLTextAreaElement>(null);

  /** Of the session in the address: it is on its way, or why it could not be had. */
  const [loading, setLoading] = useState(session !== undefined);
  const [failed, setFailed] = useState<unknown>();

  // The address says which session is shown; one that began here is shown already.
  useEffect(() => {
    if (session === chat.read().session) return;
    chat.clear();
    setFailed(undefined);
    setLoading(session !== undefined);
    if (session === undefined) return;
    const asking = new AbortController();
    fetchSession(agent.id, session, asking.signal)
      .then((s) => chat.show(s))
      .catch((cause) => !asking.signal.aborted && setFailed(cause))
      .finally(() => !asking.signal.aborted && setLoading(false));
    return () => asking.abort();
  }, [chat, agent.id, session]);
  useEffect(() => () => chat.leave(), [chat]);
  const began = useRef((_: string) => {});
  began.current = (id) => id !== session && go(id, true);
  useEffect(() => {
    if (state.session) began.current(state.session);
  }, [state.session]);
  const done = state.status === 'idle';
  useEffect(() => {
    if (done) void queries.invalidateQueries({ queryKey: ['conversations', 'chat'] });
  }, [done, queries]);

  const send = async (said: string) => {
    if (!done || files.busy) return;
    const going = files.take();
    if (said.trim() === '' && going.length === 0) return;
    setText('');
    if (await chat.send(said, going, agent.welcome_message)) return;
    setText((now) => now || said);
    files.giveBack(going);
  };
  const anew = () => {
    chat.clear();
    setFailed(undefined);
    setLoading(false);
    go(undefined);
    field.current?.focus();
  };
  const remove = async () => {
    if (state.session) await deleteSession(agent.id, state.session);
    void queries.invalidateQueries({ queryKey: ['conversations'] });
    anew();
  };
  const drag = (e: DragEvent) => {
    if (!e.dataTransfer.types.includes('Files')) return;
    e.preventDefault();
    setOver(true);
  };
  return (
    <div className={classes.page} data-rail={readable || undefined}>
      {readable && (
        <Sessions
          agent={agent.id}
          current={state.session}
          opened={rail}
          close={() => setRail(false)}
          choose={(id) => {
            setRail(false);
            go(id);
          }}
          anew={() => {
            setRail(false);
            anew();
          }}
        />
      )}
      {/* biome-ignore lint/a11y/noStaticElementInteractions: files can be chosen by a button too */}
      <div
        className={classes.room}
        onDragEnter={drag}
        onDragOver={drag}
        onDragLeave={(e) => e.currentTarget === e.target && setOver(false)}
        onDrop={(e) => {
          if (!e.dataTransfer.types.includes('Files')) return;
          e.preventDefault();
          setOver(false);
          files.add([...e.dataTransfer.files]);
        }}
      >
        <ChatHeader
          agent={agent}
          session={state.session}
          busy={!done}
          anew={anew}
          remove={remove}
          sessions={readable ? () => setRail(true) : undefined}
        />
        <Messages
          agent={agent}
          state={state}
          loading={loading}
          failed={failed ? words.error(codeOf(failed), '', {}) : undefined}
          ask={(prompt) => void send(prompt)}
          anew={anew}
        />
        <Composer
          ref={field}
          agent={agent}
          state={state}
          text={text}
          setText={setText}
          files={files}
          send={() => void send(text)}
          stop={() => void chat.stop()}
        />
        {over && (
          <p className={classes.drop} aria-hidden>
            {t('drop')}
          </p>
        )}
      </div>
    </div>
  );
}

const codeOf = (error: unknown) =>
  typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : 'internal';
