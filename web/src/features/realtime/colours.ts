export interface Part {
  kind?: 'comment' | 'text' | 'word';
  text: string;
}

// Enough for the four languages of the examples: what is a comment, what a text, what a word of the language.
const pattern =
  /(?<comment>(?:^|(?<=\s))(?:\/\/|#).*$)|(?<text>'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`)|(?<word>\b(?:const|let|async|await|function|new|if|throw|switch|case|break|import|from|def|raise|curl|cat|sed|tee|echo)\b)/gm;

/** Code in parts, to be shown in colours. Together they are the code. */
export function partsOf(code: string): Part[] {
  const parts: Part[] = [];
  let at = 0;
  for (const m of code.matchAll(pattern)) {
    if (m.index > at) parts.push({ text: code.slice(at, m.index) });
    const kind = (['comment', 'text', 'word'] as const).find((k) => m.groups?.[k] !== undefined);
    parts.push({ kind, text: m[0] });
    at = m.index + m[0].length;
  }
  if (at < code.length) parts.push({ text: code.slice(at) });
  return parts;
}
