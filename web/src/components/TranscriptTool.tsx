import { IconBolt, IconChevronRight } from '@tabler/icons-react';
import { useId, useState } from 'react';
import { useTranslation } from 'react-i18next';
import classes from '~/components/Transcript.module.css';
import type { ToolEntry, TranscriptLine } from '~/components/transcript';
import { useFormat } from '~/components/useFormat';

interface Props {
  line: ToolEntry;
  current: boolean;
  onSelect?: (line: TranscriptLine) => void;
}

/** A tool that the agent used: its name and how long it took; what went in and came out on demand. */
export function ToolLine({ line, current, onSelect }: Props) {
  const { t } = useTranslation();
  const format = useFormat();
  const [open, setOpen] = useState(false);
  const id = useId();
  const time = format.clock(line.at);
  return (
    <div className={classes.tool} data-current={current || undefined} data-item={line.id} data-status={line.status}>
      <div className={classes.toolHead}>
        <IconBolt size={16} stroke={2} aria-hidden />
        <span className={classes.toolText}>
          <code>{line.name}</code> {t(`transcript.tool.${line.status}`, { ms: format.ms(line.tookMs ?? 0) })}
        </span>
        {onSelect ? (
          <button
            type="button"
            className={classes.timeButton}
            aria-label={t('transcript.goTo', { time })}
            onClick={() => onSelect(line)}
          >
            {time}
          </button>
        ) : (
          <span className={classes.time}>{time}</span>
        )}
        <button
          type="button"
          className={classes.details}
          aria-expanded={open}
          aria-controls={id}
          onClick={() => setOpen(!open)}
        >
          {t('transcript.toolDetails')}
          <IconChevronRight size={14} aria-hidden />
        </button>
      </div>
      {open && (
        <dl id={id} className={classes.toolBody}>
          <dt>{t('transcript.toolArguments')}</dt>
          <dd>{pretty(line.arguments)}</dd>
          {line.output !== undefined && (
            <>
              <dt>{t('transcript.toolOutput')}</dt>
              <dd>{pretty(line.output)}</dd>
            </>
          )}
        </dl>
      )}
    </div>
  );
}

/** JSON on lines of its own; anything else as it is. */
function pretty(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
