/** A blank of a text: {{company}}. The server's own pattern. */
const blank = /\{\{\s*([A-Za-z][A-Za-z0-9_.]*)\s*\}\}/g;

/** The names of a text's blanks, each once, in order. */
export const blanksOf = (text: string): string[] => [...new Set([...text.matchAll(blank)].map((m) => m[1] as string))];

/** The text with values in place of the blanks that have one. */
export const filled = (text: string, values: Record<string, string>): string =>
  text.replaceAll(blank, (all, name: string) => values[name]?.trim() || all);

/** A text in pieces, so that its blanks can be shown as such. */
export function pieces(text: string): { text: string; blank: boolean }[] {
  const out: { text: string; blank: boolean }[] = [];
  let from = 0;
  for (const m of text.matchAll(blank)) {
    if (m.index > from) out.push({ text: text.slice(from, m.index), blank: false });
    out.push({ text: m[0], blank: true });
    from = m.index + m[0].length;
  }
  if (from < text.length) out.push({ text: text.slice(from), blank: false });
  return out;
}
