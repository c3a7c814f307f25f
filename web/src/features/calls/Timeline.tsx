import { useTranslation } from 'react-i18next';
import type { ConversationDetail } from '~/api/client';
import { useFormat } from '~/components/useFormat';
import { axisTicks, type Span } from './lines';
import classes from './Timeline.module.css';

interface Props {
  spans: readonly Span[];
  duration: number;
  /** What the recording alone tells: interruptions and dead air. */
  ear?: ConversationDetail['ear'];
  /** Where one is; there is a line only where nothing else draws it. */
  at?: number;
  seek(ms: number): void;
}

const ticksAtMost = 7;

/** Who spoke when, which tools worked, where the agent was interrupted and where nobody spoke, on one axis. A click goes there; the transcript offers the same to those who use keys. */
export function Timeline({ spans, duration, ear, at, seek }: Props) {
  const { t } = useTranslation('calls');
  const format = useFormat();
  if (duration <= 0) return null;
  const place = (from: number, to = from) => ({
    insetInlineStart: `${(Math.min(from, duration) / duration) * 100}%`,
    width: to > from ? `${((Math.min(to, duration) - from) / duration) * 100}%` : undefined,
  });
  return (
    <div className={classes.timeline} aria-hidden>
      <div className={classes.track}>
        {ear?.silences.map((s) => (
          <u
            key={`s${s.at_ms}`}
            style={place(s.at_ms, s.at_ms + s.length_ms)}
            title={t('timeline.silence', { length: format.seconds(s.length_ms) })}
          />
        ))}
        {spans.map((s) => (
          // biome-ignore lint/a11y/noStaticElementInteractions: a shortcut for the mouse to what the transcript's buttons do
          // biome-ignore lint/a11y/useKeyWithClickEvents: the same
          <i
            key={s.id}
            data-who={s.who}
            style={place(s.from, Math.max(s.to, s.from + 1))}
            title={t(`timeline.${s.who}`, { from: format.clock(s.from), length: format.seconds(s.to - s.from) })}
            onClick={() => seek(s.from)}
          />
        ))}
        {ear?.barge_ins.map((b) => (
          <b key={`b${b.at_ms}`} style={place(b.at_ms)} title={t('timeline.bargeIn', { at: format.clock(b.at_ms) })} />
        ))}
        {at !== undefined && <em style={place(at)} />}
      </div>
      <div className={classes.axis}>
        {axisTicks(duration, ticksAtMost).map((ms) => (
          <span key={ms} style={place(ms)}>
            {format.clock(ms)}
          </span>
        ))}
      </div>
    </div>
  );
}
