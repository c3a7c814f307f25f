import { useTranslation } from 'react-i18next';
import type { PromptFinding } from '~/api/prompts';
import classes from './Instructions.module.css';

/** What one should know about a text that was read or written by a machine. */
export function PromptFindings({ items }: { items: PromptFinding[] }) {
  const { t } = useTranslation('instructions');
  if (items.length === 0) return null;
  return (
    <ul className={classes.findings}>
      {items.map((f, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the list is drawn once
        <li key={i}>
          {f.line !== undefined && <b>{t('line', { line: f.line })}</b>}{' '}
          {/* too_many would be taken for a plural form */}
          {t(`finding.${f.code === 'too_many' ? 'tooMany' : f.code}`, { ...f.params, message: f.message })}
        </li>
      ))}
    </ul>
  );
}
