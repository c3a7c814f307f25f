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
      const key = `notice.${n.code}`;
      if (!i18n.exists(`common:${key}`)) return t('notice.other', { message: n.message || n.code });
      return t(key as 'notice.other', { message: n.message, ...n.params });
    },
    error: (code: string, detail: string, params: Record<string, string> = {}): string => {
      const key = `error.${code}`;
      if (!i18n.exists(`common:${key}`)) return t('error.unknown', { detail: detail || code });
      return t(key as 'error.unknown', { detail, ...params });
    },
  };
}
