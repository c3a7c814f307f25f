import { describe, expect, it } from 'vitest';
import { formatClock, formatClockMs, formatMs, formatSeconds, languageName, msParts } from '~/lib/format';
import { firstLanguage } from '~/lib/language';

describe('format', () => {
  it('writes figures as the language does', () => {
    expect(formatMs('en', 1240)).toBe('1,240 ms');
    expect(formatMs('fr', 1240).replace(/\s/g, ' ')).toBe('1 240 ms');
    expect(formatSeconds('fr', 3400)).toMatch(/^3,4\ss$/);
    expect(formatSeconds('en', 3400)).toMatch(/^3\.4\ss$/);
    expect(formatSeconds('es', 3400)).toMatch(/^3,4\ss$/);
    expect(msParts('en', 438)).toEqual({ figure: '438', unit: 'ms' });
  });
  it('shows lengths as a clock', () => {
    expect([0, 24_000, 61_999, 3_723_000, -5].map(formatClock)).toEqual([
      '00:00',
      '00:24',
      '01:01',
      '1:02:03',
      '00:00',
    ]);
    expect(formatClockMs(21_318)).toBe('00:21.318');
  });
  it('names languages, and leaves alone what is none', () => {
    expect(languageName('fr', 'en')).toBe('Anglais');
    expect(languageName('en', '??')).toBe('??');
  });
  it('begins in the language chosen before, then the browser’s, then French', () => {
    expect(firstLanguage('es', ['en-US'])).toBe('es');
    expect(firstLanguage(null, ['de-DE', 'en-US'])).toBe('en');
    expect(firstLanguage(null, ['de-DE'])).toBe('fr');
  });
});
