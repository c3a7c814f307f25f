import { Button } from '@mantine/core';
import { IconPhoneOff, IconPlus, IconVolumeOff } from '@tabler/icons-react';
import { useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import page from '~/components/Page.module.css';
import { useFormat } from '~/components/useFormat';
import { useSeconds } from '~/components/useSeconds';
import type { PeerState, PeerView } from '~/live/peercall';
import type { PeerHandle } from '~/live/usePeerCall';
import { Chip, type Tone } from '~/ui/Chip';
import { shortId } from './CallRow';
import { Failure } from './Failure';
import { LineFigures } from './LineFigures';
import classes from './LivePanel.module.css';
import { MuteButton } from './MuteButton';
import { PeerSteps } from './PeerSteps';
import { TalkLog } from './TalkLog';

interface Props {
  peer: PeerHandle;
  start(microphone: boolean): void;
  open(call: string): void;
}

const tones: Record<PeerState['name'], Tone> = {
  idle: 'plain',
  connecting: 'warn',
  connected: 'pos',
  unstable: 'warn',
  ended: 'plain',
  failed: 'neg',
};

/** The call of this page: whether the line stands, what is said, the microphone, the end. */
export function LivePanel({ peer, start, open }: Props) {
  const { t } = useTranslation('realtime');
  const { view, call } = peer;
  const { state } = view;
  const on = state.name === 'connected' || state.name === 'unstable';
  const over = state.name === 'ended' || state.name === 'failed';
  // The form that had the focus is gone.
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus({ preventScroll: true }), []);
  return (
    <section className={`${page.card} ${classes.panel}`} aria-labelledby="realtime-own">
      <div className={classes.head}>
        <h2 id="realtime-own" ref={heading} tabIndex={-1} className={classes.title}>
          {t('own.title')}
        </h2>
        <span role="status">
          <Chip tone={tones[state.name]} dot={state.name === 'connected' ? 'live' : true}>
            {t(`own.${state.name}`)}
          </Chip>
        </span>
        <Elapsed view={view} />
      </div>
      {view.id && (
        <p className={classes.id}>
          <code>{shortId(view.id)}</code>
          <Button size="compact-xs" variant="subtle" onClick={() => open(view.id ?? '')}>
            {t('own.open')}
          </Button>
        </p>
      )}
      {view.soundBlocked && (
        <p className={classes.banner} role="alert">
          <IconVolumeOff size={16} stroke={1.9} aria-hidden />
          <span>{t('own.soundBlocked')}</span>
          <Button size="compact-sm" onClick={() => void call.unblockSound()}>
            {t('own.allowSound')}
          </Button>
        </p>
      )}
      {state.name === 'connecting' && (
        <PeerSteps step={state.step} microphone={view.mic !== 'none' || state.step === 'mic'} />
      )}
      {state.name === 'failed' && <Failure state={state} />}
      {(on || view.talk.lines.length > 0) && <TalkLog call={call} view={view} on={on} />}
      {on && <LineFigures line={view.line} />}
      {on && (
        <div className={classes.dock}>
          <MuteButton call={call} view={view} />
          <Button
            className={classes.end}
            radius="xl"
            leftSection={<IconPhoneOff size={17} stroke={2} aria-hidden />}
            onClick={() => call.hangUp()}
          >
            {t('own.hangUp')}
          </Button>
        </div>
      )}
      {state.name === 'connecting' && (
        <div className={classes.dock}>
          <Button variant="default" onClick={() => call.hangUp()}>
            {t('own.cancel')}
          </Button>
        </div>
      )}
      {over && (
        <div className={classes.dock}>
          {state.name === 'ended' && <p className={classes.outcome}>{t(`own.endedBy.${state.by}`)}</p>}
          {state.name === 'failed' && state.code === 'mic' && (
            <Button variant="default" onClick={() => start(false)}>
              {t('new.withoutMic')}
            </Button>
          )}
          <Button leftSection={<IconPlus size={16} stroke={2} aria-hidden />} onClick={peer.clear}>
            {t('own.again')}
          </Button>
        </div>
      )}
    </section>
  );
}

function Elapsed({ view }: { view: PeerView }) {
  const format = useFormat();
  const now = useSeconds(view.openedAt !== undefined && view.endedAt === undefined);
  if (view.openedAt === undefined) return null;
  const elapsed = format.clock((view.endedAt ?? now) - view.openedAt);
  return (
    <span className={classes.time} role="timer" aria-label={elapsed}>
      {elapsed}
    </span>
  );
}
