import { useTranslation } from 'react-i18next';
import type { Finding } from './api';

/** Words a finding in the reader's language; the server's English where there are none. */
export function useFinding(): (f: Finding) => string {
  const { t, i18n } = useTranslation('flows');
  return (f) => {
    const key = `finding.${f.code}`;
    const lang = /\.(en|fr|es)\b/.exec(f.path)?.[1];
    const words = i18n.exists(key, { ns: 'flows' }) ? t(key as 'finding.no_start') : f.message;
    return lang ? `${words} (${lang.toUpperCase()})` : words;
  };
}
