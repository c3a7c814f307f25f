import { IconAlertTriangle, IconBolt, IconChevronRight, IconLoader2 } from '@tabler/icons-react';
import { useId, useState } from 'react';
import { useTranslation } from 'react-i18next';
import classes from './Chat.module.css';
import type { Step } from './chat';

const icons = { running: IconLoader2, done: IconBolt, failed: IconAlertTriangle };

/** A tool that the agent used: its name and how it went; what went in and came out on demand. */
export function ToolStep({ step }: { step: Step }) {
  const { t } = useTranslation('chat');
  const [open, setOpen] = useState(false);
  const id = useId();
  const Icon = icons[step.status];
  return (
    <div className={classes.tool} data-status={step.status}>
      <button
        type="button"
        className={classes.toolHead}
        aria-expanded={open}
        aria-controls={id}
        onClick={() => setOpen(!open)}
      >
        <Icon size={15} stroke={2} aria-hidden />
        <span>
          <code>{step.name}</code> {t(`tool.is.${step.status}`)}
        </span>
        <IconChevronRight size={15} className={classes.chevron} aria-hidden />
      </button>
      {open && (
        <dl id={id} className={classes.toolBody}>
          <dt>{t('tool.arguments')}</dt>
          <dd>{pretty(step.arguments)}</dd>
          {step.result !== undefined && (
            <>
              <dt>{t('tool.result')}</dt>
              <dd>{pretty(step.result)}</dd>
            </>
          )}
        </dl>
      )}
    </div>
  );
}

const pretty = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value, null, 2));
