/** Numbers, times and durations in the reader's language, always through Intl. language is a BCP 47 tag. */

const cache = new Map<string, unknown>();

/** Formatters are slow to make and are asked for in every row. */
function cached<T>(key: string, make: () => T): T {
  const known = cache.get(key) as T | undefined;
  if (known !== undefined) return known;
  const fresh = make();
  cache.set(key, fresh);
  return fresh;
}

export function formatNumber(language: string, value: number): string {
  return cached(`n ${language}`, () => new Intl.NumberFormat(language)).format(value);
}

/** "412 ms". */
export function formatMs(language: string, ms: number): string {
  const options = { style: 'unit', unit: 'millisecond', unitDisplay: 'short', maximumFractionDigits: 0 } as const;
  return cached(`ms ${language}`, () => new Intl.NumberFormat(language, options)).format(ms);
}

/** The figure and the unit of formatMs, for figures whose unit is set smaller. */
export function msParts(language: string, ms: number): { figure: string; unit: string } {
  const text = formatMs(language, ms);
  const unit = text.match(/\p{L}+$/u)?.[0] ?? '';
  return { figure: text.slice(0, text.length - unit.length).trimEnd(), unit };
}

/** "3,4 s". */
export function formatSeconds(language: string, ms: number): string {
  const options = {
    style: 'unit',
    unit: 'second',
    unitDisplay: 'narrow',
    minimumFractionDigits: 1,
    maximumFractionDigits: 1,
  } as const;
  const text = cached(`s ${language}`, () => new Intl.NumberFormat(language, options)).format(ms / 1000);
  return text.replace(/(\d)s$/, '$1\u202fs'); // the narrow form glues the unit to the number in English and Spanish
}

/** "," or ".". */
export function decimalMark(language: string): string {
  const parts = cached(`d ${language}`, () => new Intl.NumberFormat(language)).formatToParts(0.5);
  return parts.find((p) => p.type === 'decimal')?.value ?? '.';
}

export function formatPercent(language: string, share: number): string {
  return cached(`% ${language}`, () => new Intl.NumberFormat(language, { style: 'percent' })).format(share);
}

/** "18,42 M": at most four digits. The figure and its unit are apart where the language sets them so. */
export function formatCompact(language: string, value: number): string {
  const options = { notation: 'compact', maximumFractionDigits: value >= 1e6 ? 2 : 1 } as const;
  const key = `c${options.maximumFractionDigits} ${language}`;
  return cached(key, () => new Intl.NumberFormat(language, options)).format(value);
}

/** "1 926,40 €". More digits than two where the amount is a rate of less than a cent. */
export function formatEuros(language: string, value: number): string {
  const digits = value !== 0 && Math.abs(value) < 0.01 ? 4 : 2;
  const options = {
    style: 'currency',
    currency: 'EUR',
    minimumFractionDigits: 2,
    maximumFractionDigits: digits,
  } as const;
  return cached(`eur${digits} ${language}`, () => new Intl.NumberFormat(language, options)).format(value);
}

/** "il y a 4 s", in the largest unit that fits; "maintenant" when it is less than a second. */
export function formatAge(language: string, ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const format = cached(`age ${language}`, () => new Intl.RelativeTimeFormat(language, { style: 'short' }));
  if (seconds === 0) return new Intl.RelativeTimeFormat(language, { numeric: 'auto' }).format(0, 'second');
  if (seconds < 60) return format.format(-seconds, 'second');
  if (seconds < 3600) return format.format(-Math.floor(seconds / 60), 'minute');
  return format.format(-Math.floor(seconds / 3600), 'hour');
}

/** "vendredi 20 novembre 2026", in the reader's own time zone. */
export function formatDay(language: string, at: Date | number): string {
  const options = { dateStyle: 'full' } as const;
  return cached(`day ${language}`, () => new Intl.DateTimeFormat(language, options)).format(at);
}

/** "20 nov.", for the axis of a chart. */
export function formatShortDay(language: string, at: Date | number): string {
  const options = { day: 'numeric', month: 'short' } as const;
  return cached(`sd ${language}`, () => new Intl.DateTimeFormat(language, options)).format(at);
}

/** "14 h", "2 PM", for the axis of a chart; with minutes where the hour is not whole. */
export function formatHour(language: string, at: Date): string {
  const options =
    at.getMinutes() === 0 ? ({ hour: 'numeric' } as const) : ({ hour: 'numeric', minute: '2-digit' } as const);
  return cached(`h${at.getMinutes() === 0} ${language}`, () => new Intl.DateTimeFormat(language, options)).format(at);
}

/** A length of time as a clock shows it: "00:24", "1:02:03". */
export function formatClock(ms: number): string {
  const total = Math.max(0, Math.floor(ms / 1000));
  const pad = (n: number) => String(n).padStart(2, '0');
  const hours = Math.floor(total / 3600);
  const rest = `${pad(Math.floor(total / 60) % 60)}:${pad(total % 60)}`;
  return hours > 0 ? `${hours}:${rest}` : rest;
}

/** As formatClock, with ms: "00:21.318". */
export function formatClockMs(ms: number): string {
  return `${formatClock(ms)}.${String(Math.floor(Math.max(0, ms)) % 1000).padStart(3, '0')}`;
}

/** "20 nov. 2026, 14:05", in the reader's own time zone. */
export function formatDateTime(language: string, iso: string): string {
  const options = { dateStyle: 'medium', timeStyle: 'short' } as const;
  return cached(`dt ${language}`, () => new Intl.DateTimeFormat(language, options)).format(new Date(iso));
}

/** "French (France)" for "fr-FR", in the reader's language. */
export function languageName(language: string, tag: string): string {
  try {
    const name = cached(`l ${language}`, () => new Intl.DisplayNames(language, { type: 'language' })).of(tag) ?? tag;
    return name.charAt(0).toLocaleUpperCase(language) + name.slice(1);
  } catch {
    return tag; // not a language tag
  }
}
