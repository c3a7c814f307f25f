/** How an agent's words stand with the listener. The three parts in this order are the whole text. */
export interface Spoken {
  /** Reached the listener. */
  heard: string;
  /** Not spoken yet, and still going to be. */
  ahead: string;
  /** Never reached the listener, and never will. */
  unheard: string;
}

/** The first characters of text that fit in n bytes of UTF-8: the server counts what was heard in bytes. */
export function prefixOfBytes(text: string, n: number): string {
  let bytes = 0;
  let end = 0;
  for (const char of text) {
    const code = char.codePointAt(0) ?? 0;
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    if (bytes > n) break;
    end += char.length;
  }
  return text.slice(0, end);
}

/** A reply that is being spoken: what was heard so far, and what is still to come. */
export function speaking(text: string, heardBytes: number): Spoken {
  const heard = prefixOfBytes(text, heardBytes);
  return { heard, ahead: text.slice(heard.length), unheard: '' };
}

/** A reply that is over. */
export function settled(said: string, heard: string, cut: boolean): Spoken {
  if (!cut) return { heard: said || heard, ahead: '', unheard: '' };
  const end = matchingPrefix(said, heard);
  return { heard: said.slice(0, end), ahead: '', unheard: said.slice(end) };
}

/**
 * How much of whole is covered by part, taking no notice of white space, which speech has none of. Part is a prefix of whole in
 * all but its spaces; where it is not, the match ends there, so that a word is rather shown as unheard than as heard.
 */
function matchingPrefix(whole: string, part: string): number {
  if (whole.startsWith(part)) return part.length;
  let w = 0;
  for (let p = 0; p < part.length; p++) {
    if (/\s/.test(part.charAt(p))) continue;
    let next = w;
    while (next < whole.length && /\s/.test(whole.charAt(next))) next++;
    if (whole[next] !== part[p]) break;
    w = next + 1;
  }
  return w;
}
