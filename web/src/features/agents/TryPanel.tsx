import { ActionIcon, Button, TextInput } from '@mantine/core';
import { IconMicrophone, IconPlayerStop, IconRefresh, IconSend2 } from '@tabler/icons-react';
import { type FormEvent, useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { transcriptOf } from '~/components/liveTranscript';
import page from '~/components/Page.module.css';
import { Transcript } from '~/components/Transcript';
import { useWords } from '~/components/useWords';
import { isLive, isOver } from '~/live/call';
import type { Draft, DraftState } from './draft';
import { keysOf } from './form';
import classes from './TryPanel.module.css';
import { useRefusal } from './useMay';
import { useProblem } from './useProblem';
import { useTry } from './useTry';

/** A conversation with the agent as it is now, beside the step in which it is made. It need not be published. */
export function TryPanel({ draft, state }: { draft: Draft; state: DraftState }) {
  const { t } = useTranslation(['instructions', 'agents', 'common']);
  const { finding } = useProblem();
  const words = useWords();
  const refusal = useRefusal('talk');
  const trial = useTry();
  const { call } = trial;
  const [text, setText] = useState('');
  const [starting, setStarting] = useState(false);
  const [refused, setRefused] = useState(false);
  const log = useRef<HTMLDivElement>(null);
  const { form, agent } = state;
  const now = JSON.stringify(keysOf({ ...form, name: '', description: '' }));
  const live = isLive(call.state) || call.state.name === 'connecting';
  const stale = call.state.name !== 'idle' && trial.state !== now;
  const name = form.name || t('agents:nameless');
  const lines = transcriptOf(call);

  const last = lines.at(-1);
  // biome-ignore lint/correctness/useExhaustiveDependencies: each word that comes moves the end
  useEffect(() => {
    log.current?.scrollTo({ top: log.current.scrollHeight });
  }, [lines.length, last]);

  const begin = async (aloud: boolean) => {
    setStarting(true);
    setRefused(false);
    const saved = await draft.flush();
    setStarting(false);
    const made = draft.read().agent;
    // Without a free name a draft can be tried, and so can an active agent whose changes are not saved: as it is published.
    if (!made || (!saved && draft.read().status === 'failed')) return setRefused(true);
    const reference = made.status === 'active' ? made.reference : `${made.reference}@draft`;
    trial.begin(reference, now, { aloud, greets: form.greeting.trim() !== '' });
  };
  const send = (e: FormEvent) => {
    e.preventDefault();
    const said = text.trim();
    if (!said) return;
    setText('');
    trial.say(said);
    if (!live || (stale && draft.saves)) void begin(false);
  };
  const wrong = (agent?.findings ?? []).filter((f) => f.severity === 'error' && f.field !== 'name');
  const failed = call.state.name === 'failed';
  return (
    <section className={`${page.card} ${classes.panel}`} aria-labelledby="try-title">
      <header className={classes.head}>
        <h2 id="try-title">{t('try.title')}</h2>
        {live ? (
          <Button
            size="compact-sm"
            variant="default"
            leftSection={<IconPlayerStop size={15} stroke={1.8} aria-hidden />}
            onClick={trial.end}
          >
            {t('try.stop')}
          </Button>
        ) : form.kind === 'text' ? null : (
          <Button
            size="compact-sm"
            variant="light"
            loading={starting}
            disabled={refusal !== undefined}
            leftSection={<IconMicrophone size={15} stroke={1.8} aria-hidden />}
            onClick={() => void begin(true)}
          >
            {t('try.aloud')}
          </Button>
        )}
      </header>
      <div
        ref={log}
        className={classes.log}
        role="log"
        aria-label={t('try.log')}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
        tabIndex={0}
      >
        {lines.length === 0 && !failed && (
          <p className={classes.quiet}>
            {refusal ?? t(live ? 'try.connecting' : draft.saves ? 'try.text' : 'try.textActive')}
          </p>
        )}
        <Transcript lines={lines} agent={name} caller={t('common:transcript.you')} />
        {call.notices.map((n) => (
          <p key={n.code} className={classes.notice} data-severity={n.severity}>
            {words.notice({ ...n, params: { ...n.params, name } })}
          </p>
        ))}
        {isOver(call.state) && !failed && <p className={classes.quiet}>{t('try.over')}</p>}
        {(failed || refused) && (
          <div className={classes.notice} data-severity="error" role="alert">
            {wrong.length > 0 ? wrong.map((f) => <p key={f.field + f.code}>{finding(f)}</p>) : <p>{t('try.failed')}</p>}
          </div>
        )}
      </div>
      {stale && live && (
        <p className={classes.stale} role="status">
          {t(draft.saves ? 'try.changed' : 'try.unsaved')}
          {draft.saves && (
            <Button
              size="compact-xs"
              variant="default"
              leftSection={<IconRefresh size={14} stroke={1.8} aria-hidden />}
              onClick={() => void begin(trial.aloud)}
            >
              {t('try.again')}
            </Button>
          )}
        </p>
      )}
      <form className={classes.form} onSubmit={send}>
        <TextInput
          className={classes.field}
          value={text}
          maxLength={2000}
          autoComplete="off"
          disabled={refusal !== undefined}
          aria-label={t('try.write')}
          placeholder={t('try.placeholder')}
          onChange={(e) => setText(e.currentTarget.value)}
        />
        <ActionIcon
          type="submit"
          size={36}
          variant={text.trim() ? 'filled' : 'default'}
          disabled={refusal !== undefined}
          aria-label={t('try.send')}
        >
          <IconSend2 size={17} stroke={1.8} aria-hidden />
        </ActionIcon>
      </form>
    </section>
  );
}
