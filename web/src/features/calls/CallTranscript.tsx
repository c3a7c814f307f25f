import { useEffect, useRef, useState, useSyncExternalStore } from 'react';
import { useTranslation } from 'react-i18next';
import type { ConversationDetail } from '~/api/client';
import { Transcript } from '~/components/Transcript';
import type { TranscriptLine } from '~/components/transcript';
import classes from './CallPage.module.css';
import { currentAt, type Span, spansOf } from './lines';
import { Recording } from './Recording';
import { Timeline } from './Timeline';
import { type Player, usePlayer } from './usePlayer';

interface Props {
  call: ConversationDetail;
  lines: readonly TranscriptLine[];
  /** The moment that the address names. */
  from?: number;
  setFrom(ms: number): void;
  /** Is told which line is being said. */
  setCurrent(item: string | undefined): void;
}

/** The words, and below them the recording, or without one the time axis alone. */
export function CallTranscript(props: Props) {
  return props.call.recording.available ? <WithRecording {...props} /> : <WithoutRecording {...props} />;
}

function WithoutRecording({ call, lines, from, setFrom, setCurrent }: Props) {
  const { t } = useTranslation(['calls', 'common']);
  const spans = spansOf(call.transcript, call.duration_ms);
  const current = from === undefined ? undefined : currentAt(spans, from);
  useEffect(() => setCurrent(current), [current, setCurrent]);
  const note =
    call.status === 'active'
      ? t('detail.active')
      : call.recording.pending
        ? t('recording.pending')
        : t('recording.none');
  return (
    <section className={classes.main} aria-label={t('common:transcript.label')}>
      <Words
        lines={lines}
        agent={call.agent_name}
        current={current}
        onSelect={lines.length > 0 ? (line) => setFrom(line.at) : undefined}
      />
      <div className={classes.note}>
        {lines.length > 0 && <Timeline spans={spans} duration={call.duration_ms} at={from} seek={setFrom} />}
        <p role="status">{note}</p>
      </div>
    </section>
  );
}

function WithRecording({ call, lines, from, setFrom, setCurrent }: Props) {
  const { t } = useTranslation('common');
  const { url, duration_ms: duration } = call.recording;
  const player = usePlayer(url, duration);
  const spans = spansOf(call.transcript, duration);
  const current = useCurrent(player, spans, from !== undefined);
  useEffect(() => setCurrent(current), [current, setCurrent]);

  useEffect(() => {
    if (from !== undefined) player.seek(from);
  }, [player, from]);

  const select = (line: TranscriptLine) => {
    player.seek(line.at); // also when the address says so already
    setFrom(line.at);
  };
  return (
    <section className={classes.main} aria-label={t('transcript.label')}>
      <Words lines={lines} agent={call.agent_name} current={current} onSelect={select} />
      <Recording id={call.id} url={url} player={player} spans={spans} ear={call.ear} />
    </section>
  );
}

/** The line at the playback's position; none before it was ever moved. Changes a few times a minute, not with every frame. */
function useCurrent(player: Player, spans: readonly Span[], linked: boolean): string | undefined {
  const [started, setStarted] = useState(linked);
  const id = useSyncExternalStore(player.subscribe, () => {
    const { at, playing } = player.getSnapshot();
    return at > 0 || playing ? currentAt(spans, at) : undefined;
  });
  useEffect(() => {
    if (id !== undefined) setStarted(true);
  }, [id]);
  return started ? id : undefined;
}

interface WordsProps {
  lines: readonly TranscriptLine[];
  agent: string;
  current?: string;
  onSelect?: (line: TranscriptLine) => void;
}

function Words({ lines, agent, current, onSelect }: WordsProps) {
  const { t } = useTranslation(['calls', 'common']);
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!current) return;
    const line = box.current?.querySelector(`[data-item="${CSS.escape(current)}"]`);
    line?.scrollIntoView({ block: 'nearest' });
  }, [current]);
  return (
    <div
      ref={box}
      className={classes.log}
      role="log"
      aria-live="off"
      aria-label={t('common:transcript.label')}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
      tabIndex={0}
    >
      <div className={classes.inner}>
        {lines.length === 0 && <p className={classes.nothing}>{t('detail.noTranscript')}</p>}
        <Transcript
          lines={lines}
          agent={agent || t('noAgent')}
          caller={t('common:transcript.caller')}
          current={current}
          onSelect={onSelect}
        />
      </div>
    </div>
  );
}
