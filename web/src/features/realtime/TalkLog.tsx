import { ActionIcon, TextInput } from '@mantine/core';
import { IconAlertTriangle, IconMicrophone, IconRobotFace, IconSend2 } from '@tabler/icons-react';
import { type FormEvent, useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { PeerCall, PeerView } from '~/live/peercall';
import type { TalkLine } from '~/live/peertalk';
import classes from './TalkLog.module.css';

interface Props {
  call: PeerCall;
  view: PeerView;
  on: boolean;
}

/** What was said so far, and a field to say something in writing. */
export function TalkLog({ call, view, on }: Props) {
  const { t } = useTranslation(['realtime', 'session']);
  const box = useRef<HTMLDivElement>(null);
  const { lines, agent, caller, thinking, error } = view.talk;
  const last = lines.at(-1);
  const length = `${lines.length} ${last?.text.length}`;
  useEffect(() => {
    if (length) box.current?.scrollTo({ top: box.current.scrollHeight });
  }, [length]);
  const state = agent ? 'agent' : caller ? 'caller' : thinking ? 'thinking' : 'yours';
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <div ref={box} className={classes.log} role="log" tabIndex={0} aria-label={t('talk.label')} aria-live="off">
        {lines.length === 0 && <p className={classes.empty}>{t('talk.empty')}</p>}
        {lines.map((line) => (
          <Line key={line.id} line={line} />
        ))}
      </div>
      <p className={classes.spoken} role="status">
        {last && !last.open ? last.text : ''}
      </p>
      {error && (
        <p className={classes.error} role="alert">
          <IconAlertTriangle size={15} stroke={1.9} aria-hidden />
          {error}
        </p>
      )}
      {on && (
        <>
          <p className={classes.floor} data-floor={state}>
            {t(`talk.${state}`)}
          </p>
          <Writing call={call} />
        </>
      )}
    </>
  );
}

function Line({ line }: { line: TalkLine }) {
  const { t } = useTranslation('realtime');
  const Icon = line.by === 'agent' ? IconRobotFace : IconMicrophone;
  return (
    <div className={classes.line} data-by={line.by} aria-busy={line.open}>
      <span className={classes.icon} title={t(`talk.by.${line.by}`)}>
        <Icon size={15} stroke={1.8} role="img" aria-label={t(`talk.by.${line.by}`)} />
      </span>
      <div>
        <p className={classes.words} data-open={line.open || undefined}>
          {line.text || (line.open ? t('talk.recognising') : t('talk.unrecognised'))}
        </p>
        {line.cut && <p className={classes.cut}>{t('talk.cut')}</p>}
      </div>
    </div>
  );
}

function Writing({ call }: { call: PeerCall }) {
  const { t } = useTranslation('realtime');
  const [text, setText] = useState('');
  const send = (e: FormEvent) => {
    e.preventDefault();
    if (call.write(text)) setText('');
  };
  return (
    <form className={classes.writing} onSubmit={send}>
      <TextInput
        className={classes.field}
        value={text}
        onChange={(e) => setText(e.currentTarget.value)}
        aria-label={t('talk.write')}
        placeholder={t('talk.write')}
        autoComplete="off"
      />
      <ActionIcon type="submit" variant="default" size={36} aria-label={t('talk.send')}>
        <IconSend2 size={17} stroke={1.8} aria-hidden />
      </ActionIcon>
    </form>
  );
}
