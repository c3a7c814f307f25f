import { IconCircleCheck, IconCircleX } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import type { ProviderCheck } from '~/api/client';
import { useFormat } from '~/components/useFormat';
import { useWords } from '~/components/useWords';
import classes from './providers.module.css';

/** What trying settings brought, and how long it took. */
export function CheckResult({ result }: { result: ProviderCheck }) {
  const { t, i18n } = useTranslation('providers');
  const format = useFormat();
  const words = useWords();
  const took = format.ms(result.took_ms);
  const known = result.code !== '' && i18n.exists(`providers:check.${result.code}`);
  // A code that is not about trying has the words of any other refusal.
  const why = known ? t(`check.${result.code}` as 'check.unreachable') : words.error(result.code, result.message);
  return (
    <p className={classes.result} data-ok={result.ok || undefined} role="status">
      {result.ok ? (
        <IconCircleCheck size={18} stroke={1.8} aria-hidden />
      ) : (
        <IconCircleX size={18} stroke={1.8} aria-hidden />
      )}
      <span>
        <strong>{result.ok ? t('check.ok', { took }) : t('check.failed', { took })}</strong>
        {!result.ok && (
          <span className={classes.why}>
            {why} {!why.includes(result.message) && <code>{result.message}</code>}
          </span>
        )}
      </span>
    </p>
  );
}
