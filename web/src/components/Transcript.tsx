import { IconHandStop, IconMicrophone, IconPencil, IconRobotFace } from '@tabler/icons-react';
import { memo } from 'react';
import { useTranslation } from 'react-i18next';
import classes from '~/components/Transcript.module.css';
import { ToolLine } from '~/components/TranscriptTool';
import type { AgentEntry, CallerEntry, TranscriptLine } from '~/components/transcript';
import { useFormat } from '~/components/useFormat';
import { verdict } from '~/lib/latency';
import { Chip } from '~/ui/Chip';

interface Props {
  lines: readonly TranscriptLine[];
  agent: string;
  /** What the person at the other end is called. */
  caller: string;
  /** The line that belongs to what is being played back. */
  current?: string;
  /** Given when a line can be listened to: selecting it goes there. */
  onSelect?: (line: TranscriptLine) => void;
}

/** Who said what, in the order of speech. Struck words were never heard. */
export function Transcript({ lines, agent, caller, current, onSelect }: Props) {
  return (
    <div className={classes.lines}>
      {lines.map((line) => (
        <Entry
          key={line.id}
          line={line}
          agent={agent}
          caller={caller}
          current={line.id === current}
          onSelect={onSelect}
        />
      ))}
    </div>
  );
}

interface EntryProps {
  line: TranscriptLine;
  agent: string;
  caller: string;
  current: boolean;
  onSelect?: (line: TranscriptLine) => void;
}

const Entry = memo(function Entry({ line, agent, caller, current, onSelect }: EntryProps) {
  if (line.kind === 'tool') return <ToolLine line={line} current={current} onSelect={onSelect} />;
  const mine = line.kind === 'caller';
  const Icon = mine ? (line.by === 'voice' ? IconMicrophone : IconPencil) : IconRobotFace;
  return (
    <article className={classes.message} data-kind={line.kind} data-current={current || undefined} data-item={line.id}>
      <span className={classes.icon} aria-hidden>
        <Icon size={15} stroke={2} />
      </span>
      <div className={classes.body}>
        <div className={classes.meta}>
          <b>{mine ? caller : agent}</b>
          <Moment line={line} onSelect={onSelect} />
          {mine ? <CallerMarks line={line} /> : <Latency ms={line.latencyMs} />}
        </div>
        {mine ? <CallerWords line={line} /> : <AgentWords line={line} />}
      </div>
    </article>
  );
});

function Moment({ line, onSelect }: { line: TranscriptLine; onSelect?: (line: TranscriptLine) => void }) {
  const { t } = useTranslation();
  const format = useFormat();
  const time = format.clock(line.at);
  if (!onSelect) return <span className={classes.time}>{time}</span>;
  return (
    <button
      type="button"
      className={classes.timeButton}
      aria-label={t('transcript.goTo', { time })}
      onClick={() => onSelect(line)}
    >
      {time}
    </button>
  );
}

function CallerMarks({ line }: { line: CallerEntry }) {
  const { t } = useTranslation();
  const format = useFormat();
  return (
    <>
      {line.by !== 'voice' && <Chip small>{line.by === 'typed' ? t('transcript.typed') : t('transcript.digits')}</Chip>}
      {line.confidence !== undefined && (
        <span className={classes.time}>{t('transcript.confidence', { percent: format.percent(line.confidence) })}</span>
      )}
    </>
  );
}

function Latency({ ms }: { ms?: number }) {
  const { t } = useTranslation();
  const format = useFormat();
  if (ms === undefined) return null;
  const tone = { good: 'plain', slow: 'warn', tooSlow: 'neg' } as const;
  return (
    <span title={t('transcript.latency', { ms: format.ms(ms) })}>
      <Chip small tone={tone[verdict(ms)]}>
        {format.ms(ms)}
      </Chip>
    </span>
  );
}

function CallerWords({ line }: { line: CallerEntry }) {
  const { t } = useTranslation();
  const waiting = {
    listening: t('transcript.listening'),
    recognising: t('transcript.recognising'),
    unrecognised: t('transcript.unrecognised'),
    partial: '',
    final: '',
  }[line.state];
  if (line.state === 'final') return <div className={classes.bubble}>{line.text}</div>;
  return (
    <div className={classes.bubble} aria-busy={line.state !== 'unrecognised'}>
      {line.text ? <em>{line.text}</em> : <em className={classes.waiting}>{waiting}</em>}
    </div>
  );
}

function AgentWords({ line }: { line: AgentEntry }) {
  const { t } = useTranslation();
  const format = useFormat();
  const { heard, ahead, unheard } = line.spoken;
  const after = line.cut?.after ?? 0;
  return (
    <>
      <div className={classes.bubble} aria-busy={line.sounding || undefined}>
        <span className="heard">{heard}</span>
        {line.sounding && <i className={classes.caret} aria-hidden />}
        {ahead && <span className={`${classes.ahead} ahead`}>{ahead}</span>}
        {unheard && (
          <>
            <span className={classes.only}> {t('transcript.unheard')} </span>
            <s className={`${classes.unheard} unheard`}>{unheard}</s>
          </>
        )}
      </div>
      {line.cut && (
        <p className={classes.cut}>
          <IconHandStop size={14} stroke={2} aria-hidden />
          {after > 0 ? t('transcript.cut', { seconds: format.seconds(after) }) : t('transcript.neverHeard')}
        </p>
      )}
    </>
  );
}
