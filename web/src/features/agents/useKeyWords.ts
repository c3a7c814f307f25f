import { useTranslation } from 'react-i18next';

/** As the server writes one: 1h30m0s, 1.5s, 500ms. */
const duration = /^(?:\d+h)?(?:\d+m)?(?:\d+(?:\.\d+)?m?s)$/;

/** "20 min" of 20m0s. The units are the same in the console's languages. */
const spelled = (value: string) =>
  [...value.matchAll(/(\d+(?:\.\d+)?)(ms|h|m|s)/g)]
    .filter(([, n]) => Number(n) > 0)
    .map(([, n, unit]) => `${n}\u00a0${unit === 'm' ? 'min' : unit}`)
    .join(' ') || '0\u00a0s';

/** Words for the keys of a definition and for their values. */
export function useKeyWords() {
  const { t, i18n } = useTranslation('agents');
  return {
    /** "Voice › Speed" for voice.rate; the key itself when it has no words. */
    key: (path: string): string => {
      const key = `key.${path.replaceAll('.', '_')}`;
      return i18n.exists(`agents:${key}`) ? t(key as 'key.name') : path;
    },
    /** Who changed something; before there are people it is the server's own machine. */
    author: (name: string): string => (name === 'machine' ? t('machine') : name),
    value: (value: unknown): string => {
      if (value === null || value === undefined || value === '') return t('none');
      if (typeof value === 'boolean') return t(value ? 'yes' : 'no');
      if (value === 'auto') return t('automatic');
      if (value === 'server_vad' || value === 'semantic_vad') return t(`value.${value}`);
      if (typeof value === 'string' && duration.test(value)) return spelled(value);
      if (Array.isArray(value)) return value.length === 0 ? t('none') : value.join(', ');
      return String(value);
    },
  };
}
