import { useTranslation } from 'react-i18next';

/** Words for the keys of a definition and for their values. */
export function useKeyWords() {
  const { t, i18n } = useTranslation('agents');
  return {
    /** "Voice › Speed" for voice.rate; the key itself when it has no words. */
    key: (path: string): string => {
      const key = `key.${path.replaceAll('.', '_')}`;
      return i18n.exists(`agents:${key}`) ? t(key as 'key.name') : path;
    },
    value: (value: unknown): string => {
      if (value === null || value === undefined || value === '') return t('none');
      if (typeof value === 'boolean') return t(value ? 'yes' : 'no');
      if (value === 'auto') return t('automatic');
      if (Array.isArray(value)) return value.length === 0 ? t('none') : value.join(', ');
      return String(value);
    },
  };
}
