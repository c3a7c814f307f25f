import { useEffect, useRef, useState, useSyncExternalStore } from 'react';
import { useTranslation } from 'react-i18next';
import type { ConversationDetail } from '~/api/client';
import { Transcript } from '~/components/Transcript';
import type { TranscriptLine } from '~/components/transcript';
import classes from './CallPage.module.css';
import { currentAt, type Span, spansOf } from './lines';
import { Recording } from './Recording';
import { type Player, usePlayer } from './usePlayer';

interface Props {
  call: ConversationDetail;
  lines: readonly TranscriptLine[];
  from?: number;
  setFrom(ms: number): void;
}

/** The words, and the recording below them where there is one. */
export function CallTranscript({ call, lines, from, setFrom }: Props) {
  const { t } = useTranslation(['calls', 'common']);
  if (call.recording.available) return <WithRecording call={call} lines={lines} from={from} setFrom={setFrom} />;
  return (
    <section className={classes.main} aria-label={t('common:transcript.label')}>
      <Words lines={lines} agent={call.agent_name} />
      <p className={classes.note}>{call.status === 'active' ? t('detail.active') : t('recording.none')}</p>
    </section>
  );
}

function WithRecording({ call, lines, from, setFrom }: Props) {
  const { t } = useTranslation('common');
  const { url, duration_ms: duration } = call.recording;
  const player = usePlayer(url, duration);
  const spans = spansOf(call.transcript, duration);
  const current = useCurrent(player, spans, from !== undefined);
  const first = useRef(from);

  useEffect(() => {
    if (first.current !== undefined) player.seek(first.current);
  }, [player]);

  const select = (line: TranscriptLine) => {
    player.seek(line.at);
    setFrom(line.at);
  };
  return (
    <section className={classes.main} aria-label={t('transcript.label')}>
      <Words lines={lines} agent={call.agent_name} current={current} onSelect={select} />
      <Recording id={call.id} url={url} player={player} spans={spans} />
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
        {lines.length === 0 && <p>{t('detail.noTranscript')}</p>}
        <Transcript
          lines={lines}
          agent={agent}
          caller={t('common:transcript.caller')}
          current={current}
          onSelect={onSelect}
        />
      </div>
    </div>
  );
}
