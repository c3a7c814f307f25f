import { useTranslation } from 'react-i18next';

interface Coded {
  code: string;
  message: string;
  params?: Record<string, string>;
}

/** Words for what the server says by code: our own in the reader's language, else the server's English. */
export function useWords() {
  const { t, i18n } = useTranslation();
  return {
    notice: (n: Coded): string => {
      // A fault carries its own code, which may have words, and the stage that failed, which always has.
      const codes = [n.code, n.params?.code, `stage_${n.params?.stage}`];
      const known = codes.find((code) => code && i18n.exists(`common:notice.${code}`));
      if (!known) return t('notice.other', { message: n.message || n.code });
      return t(`notice.${known}` as 'notice.other', { ...n.params, message: n.message });
    },
    error: (code: string, detail: string, params: Record<string, string> = {}): string => {
      const key = `error.${code}`;
      if (!i18n.exists(`common:${key}`)) return t('error.unknown', { detail: detail || code });
      return t(key as 'error.unknown', { detail, ...params });
    },
  };
}
