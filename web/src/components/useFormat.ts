import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import * as format from '~/lib/format';

/** The formats of lib/format in the language that the console is shown in. */
export function useFormat() {
  const language = useTranslation().i18n.language;
  return useMemo(
    () => ({
      number: (value: number) => format.formatNumber(language, value),
      ms: (value: number) => format.formatMs(language, value),
      msParts: (value: number) => format.msParts(language, value),
      seconds: (ms: number) => format.formatSeconds(language, ms),
      /** The mark between whole and part. */
      decimal: format.decimalMark(language),
      percent: (share: number) => format.formatPercent(language, share),
      compact: (value: number) => format.formatCompact(language, value),
      euros: (value: number) => format.formatEuros(language, value),
      age: (ms: number) => format.formatAge(language, ms),
      day: (at: Date | number) => format.formatDay(language, at),
      shortDay: (at: Date | number) => format.formatShortDay(language, at),
      hour: (at: Date) => format.formatHour(language, at),
      dateTime: (iso: string) => format.formatDateTime(language, iso),
      language: (tag: string) => format.languageName(language, tag),
      clock: format.formatClock,
      clockMs: format.formatClockMs,
    }),
    [language],
  );
}

export type Format = ReturnType<typeof useFormat>;
