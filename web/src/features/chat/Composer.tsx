import { ActionIcon, Textarea } from '@mantine/core';
import { IconAlertTriangle, IconFile, IconPaperclip, IconPlayerStop, IconSend2, IconX } from '@tabler/icons-react';
import { type ClipboardEvent, type FormEvent, type KeyboardEvent, type Ref, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '~/components/useFormat';
import classes from './Chat.module.css';
import type { ChatProfile, ChatState } from './chat';
import type { Chosen } from './files';
import type { Files } from './useFiles';

interface Props {
  ref?: Ref<HTMLTextAreaElement>;
  agent: ChatProfile;
  state: ChatState;
  text: string;
  setText(text: string): void;
  files: Files;
  send(): void;
  stop(): void;
}

/** Characters of a message, as the server takes them. */
const longest = 32_000;

/** Where a message is written, with its files. Enter sends it, Escape stops the answer. */
export function Composer({ ref, agent, state, text, setText, files, send, stop }: Props) {
  const { t } = useTranslation('chat');
  const picker = useRef<HTMLInputElement>(null);
  const running = state.status !== 'idle';
  const empty = text.trim() === '' && !files.list.some((f) => f.status === 'ready');
  const submit = (e: FormEvent) => {
    e.preventDefault();
    send();
  };
  const key = (e: KeyboardEvent) => {
    if (e.nativeEvent.isComposing) return;
    if (e.key === 'Enter' && !e.shiftKey) {
      e.preventDefault();
      send();
    } else if (e.key === 'Escape' && running) {
      e.preventDefault();
      stop();
    }
  };
  const paste = (e: ClipboardEvent) => {
    const pasted = [...e.clipboardData.files];
    if (pasted.length === 0) return; // words go where they are pasted
    e.preventDefault();
    files.add(pasted);
  };
  return (
    <form className={classes.composer} onSubmit={submit}>
      {files.list.length > 0 && (
        <ul className={classes.chosen} aria-label={t('files.list')}>
          {files.list.map((f) => (
            <FileChip key={f.id} file={f} bounds={agent.attachments} remove={() => files.remove(f.id)} />
          ))}
        </ul>
      )}
      {state.sent !== undefined && state.sent < 1 && <Sending share={state.sent} />}
      <div className={classes.line}>
        <input
          ref={picker}
          type="file"
          multiple
          hidden
          data-testid="files"
          onChange={(e) => {
            files.add([...(e.currentTarget.files ?? [])]);
            e.currentTarget.value = '';
          }}
        />
        <ActionIcon
          variant="subtle"
          color="gray"
          size={40}
          aria-label={t('files.add')}
          title={t('files.add')}
          onClick={() => picker.current?.click()}
        >
          <IconPaperclip size={19} stroke={1.8} aria-hidden />
        </ActionIcon>
        <Textarea
          ref={ref}
          className={classes.field}
          variant="unstyled"
          autosize
          minRows={1}
          maxRows={8}
          maxLength={longest}
          autoFocus
          lang={agent.language}
          aria-label={t('message')}
          placeholder={t('placeholder', { name: agent.name })}
          value={text}
          onChange={(e) => setText(e.currentTarget.value)}
          onKeyDown={key}
          onPaste={paste}
        />
        {running ? (
          <ActionIcon
            size={40}
            variant="default"
            aria-label={t('stop')}
            title={t('stop')}
            onClick={stop}
            disabled={state.status === 'sending'}
          >
            <IconPlayerStop size={19} stroke={1.8} aria-hidden />
          </ActionIcon>
        ) : (
          <ActionIcon
            type="submit"
            size={40}
            variant={empty ? 'default' : 'filled'}
            aria-label={t('send')}
            disabled={files.busy || state.over}
          >
            <IconSend2 size={19} stroke={1.8} aria-hidden />
          </ActionIcon>
        )}
      </div>
      <p className={classes.hint}>{t('hint')}</p>
    </form>
  );
}

function Sending({ share }: { share: number }) {
  const { t } = useTranslation('chat');
  const format = useFormat();
  return (
    <p className={classes.sending}>
      <progress value={share} aria-label={t('files.sending')} />
      {t('files.sending')} {format.percent(share)}
    </p>
  );
}

function FileChip({ file: f, bounds, remove }: { file: Chosen; bounds: ChatProfile['attachments']; remove(): void }) {
  const { t } = useTranslation('chat');
  const format = useFormat();
  const megabytes = (n: number) => format.number(Math.max(0.1, Math.round(n / 104_857.6) / 10));
  const refused = f.status === 'refused';
  return (
    <li className={classes.file} data-status={f.status}>
      {f.preview ? (
        <img src={f.preview} alt="" className={classes.thumb} />
      ) : refused ? (
        <IconAlertTriangle size={16} stroke={1.8} aria-hidden />
      ) : (
        <IconFile size={16} stroke={1.7} aria-hidden />
      )}
      <span className={classes.fileName} role={refused ? 'alert' : undefined}>
        <b>{f.name}</b>
        <small>
          {refused
            ? t(`files.why.${f.why ?? 'unreadable'}`, { most: bounds.max_files, size: megabytes(bounds.max_bytes) })
            : t('files.size', { size: megabytes(f.size) })}
        </small>
      </span>
      {f.status === 'reading' && <progress value={f.read} aria-label={t('files.reading', { name: f.name })} />}
      <button type="button" className={classes.copy} aria-label={t('files.remove', { name: f.name })} onClick={remove}>
        <IconX size={15} stroke={2} aria-hidden />
      </button>
    </li>
  );
}
