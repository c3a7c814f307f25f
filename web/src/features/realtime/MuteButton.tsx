import { IconMicrophone, IconMicrophoneOff } from '@tabler/icons-react';
import { useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import type { PeerCall, PeerView } from '~/live/peercall';
import { watchLevel } from '~/live/watchlevel';
import classes from './MuteButton.module.css';

/** Green: it hears, and its ring grows with the voice. Red and crossed: muted. */
export function MuteButton({ call, view }: { call: PeerCall; view: PeerView }) {
  const { t } = useTranslation('realtime');
  const ring = useRef<HTMLSpanElement>(null);
  const { microphone } = call;
  useEffect(() => {
    if (!microphone) return;
    // Drawn outside React: it changes with every frame.
    return watchLevel(microphone, (level) => ring.current?.style.setProperty('--level', level.toFixed(3)));
  }, [microphone]);
  if (view.mic === 'none') {
    return (
      <span className={classes.none}>
        <IconMicrophoneOff size={17} stroke={1.8} aria-hidden />
        {t('mic.none')}
      </span>
    );
  }
  const muted = view.mic === 'muted';
  const Icon = muted ? IconMicrophoneOff : IconMicrophone;
  return (
    <span className={classes.row}>
      <span ref={ring} className={classes.ring} data-muted={muted || undefined}>
        <button
          type="button"
          className={classes.mic}
          aria-pressed={muted}
          aria-label={t('mic.mute')}
          title={muted ? t('mic.unmute') : t('mic.mute')}
          onClick={() => call.setMuted(!muted)}
        >
          <Icon size={21} stroke={1.9} aria-hidden />
        </button>
      </span>
      <span className={classes.word} role="status" data-muted={muted || undefined}>
        {muted ? t('mic.muted') : t('mic.on')}
      </span>
    </span>
  );
}
