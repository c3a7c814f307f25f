/** The console's own languages; French is the source of the words. */
export const languages = ['fr', 'en', 'es'] as const;
export type Language = (typeof languages)[number];

export function isLanguage(value: string | null | undefined): value is Language {
  return (languages as readonly (string | null | undefined)[]).includes(value);
}

/** The language to begin with: as chosen before, else the first of the browser's that there is, else French. */
export function firstLanguage(chosen: string | null, browser: readonly string[]): Language {
  for (const tag of [chosen, ...browser]) {
    const short = tag?.slice(0, 2).toLowerCase();
    if (isLanguage(short)) return short;
  }
  return 'fr';
}
