/** What a message's Markdown means: blocks and spans. Pure data, so that whoever shows it decides how, and no markup of a message ever becomes markup of the page. */
export type Span =
  | { kind: 'text'; text: string }
  | { kind: 'code'; text: string }
  | { kind: 'strong' | 'em' | 'del'; spans: Span[] }
  | { kind: 'link'; href: string; spans: Span[] }
  | { kind: 'break' };

export type Block =
  | { kind: 'paragraph'; spans: Span[] }
  | { kind: 'heading'; level: number; spans: Span[] }
  | { kind: 'code'; language: string; text: string }
  | { kind: 'quote'; blocks: Block[] }
  | { kind: 'list'; start?: number; items: Block[][] }
  | { kind: 'table'; head: Span[][]; rows: Span[][][] }
  | { kind: 'rule' };

const fence = /^ {0,3}(`{3,}|~{3,})\s*([\w+#.-]*)/;
const heading = /^ {0,3}(#{1,6})\s+(.*?)\s*#*\s*$/;
const rule = /^ {0,3}([-*_])(?:\s*\1){2,}\s*$/;
const bullet = /^( {0,3})([-*+]|\d{1,9}[.)])(\s+)(.*)$/;
const tableRule = /^\s*\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?\s*$/;

/** Nesting beyond this is shown as it is written. */
const deepest = 8;

export function parseMarkdown(text: string): Block[] {
  return blocksOf(text.replaceAll('\r\n', '\n').replaceAll('\t', '    ').split('\n'), 0);
}

function blocksOf(lines: string[], depth: number): Block[] {
  const out: Block[] = [];
  let i = 0;
  const at = (n: number) => lines[n] ?? '';
  while (i < lines.length) {
    const line = at(i);
    if (line.trim() === '') {
      i++;
      continue;
    }
    const fenced = fence.exec(line);
    if (fenced) {
      const mark = fenced[1] ?? '';
      const end = new RegExp(`^ {0,3}${mark[0]}{${mark.length},}\\s*$`);
      const body: string[] = [];
      for (i++; i < lines.length && !end.test(at(i)); i++) body.push(at(i));
      i++; // the end, or that of a text that is still being written
      out.push({ kind: 'code', language: fenced[2] ?? '', text: body.join('\n') });
      continue;
    }
    const title = heading.exec(line);
    if (title) {
      out.push({ kind: 'heading', level: (title[1] ?? '#').length, spans: parseSpans(title[2] ?? '') });
      i++;
      continue;
    }
    if (rule.test(line)) {
      out.push({ kind: 'rule' });
      i++;
      continue;
    }
    if (depth < deepest && /^ {0,3}>/.test(line)) {
      const body: string[] = [];
      for (; i < lines.length && /^ {0,3}>/.test(at(i)); i++) body.push(at(i).replace(/^ {0,3}> ?/, ''));
      out.push({ kind: 'quote', blocks: blocksOf(body, depth + 1) });
      continue;
    }
    if (depth < deepest && bullet.test(line)) {
      const [list, next] = listAt(lines, i, depth);
      out.push(list);
      i = next;
      continue;
    }
    if (line.includes('|') && tableRule.test(at(i + 1)) && at(i + 1).includes('-') && cells(line).length > 1) {
      const head = cells(line).map(parseSpans);
      const rows: Span[][][] = [];
      for (i += 2; i < lines.length && at(i).includes('|') && at(i).trim() !== ''; i++) {
        const row = cells(at(i)).map(parseSpans);
        rows.push(head.map((_, n) => row[n] ?? []));
      }
      out.push({ kind: 'table', head, rows });
      continue;
    }
    const body = [line.trim()];
    for (i++; i < lines.length && !opens(at(i)); i++) body.push(at(i).trimStart());
    out.push({ kind: 'paragraph', spans: parseSpans(body.join('\n').trimEnd()) });
  }
  return out;
}

/** Whether a line ends the paragraph before it. */
const opens = (line: string) =>
  line.trim() === '' ||
  fence.test(line) ||
  heading.test(line) ||
  rule.test(line) ||
  /^ {0,3}>/.test(line) ||
  bullet.test(line);

function listAt(lines: string[], from: number, depth: number): [Block, number] {
  const first = bullet.exec(lines[from] ?? '');
  const ordered = /\d/.test(first?.[2] ?? '');
  const items: Block[][] = [];
  let i = from;
  while (i < lines.length) {
    const mark = bullet.exec(lines[i] ?? '');
    if (!mark || /\d/.test(mark[2] ?? '') !== ordered || rule.test(lines[i] ?? '')) break;
    const indent = (mark[1] ?? '').length + (mark[2] ?? '').length + Math.min((mark[3] ?? '').length, 4);
    const body = [mark[4] ?? ''];
    for (i++; i < lines.length; i++) {
      const line = lines[i] ?? '';
      const space = line.length - line.trimStart().length;
      if (line.trim() === '') {
        const next = lines[i + 1] ?? '';
        if (next.trim() === '' || next.length - next.trimStart().length < 2) break;
        body.push('');
      } else if (space >= Math.min(indent, 2)) body.push(line.slice(Math.min(space, indent)));
      else if (opens(line)) break;
      else body.push(line);
    }
    items.push(blocksOf(body, depth + 1));
    // Items may stand apart from each other.
    if ((lines[i] ?? '').trim() === '' && bullet.test(lines[i + 1] ?? '')) i++;
  }
  const start = ordered ? Number.parseInt(first?.[2] ?? '1', 10) : undefined;
  return [{ kind: 'list', start, items }, i];
}

function cells(line: string): string[] {
  const inner = line
    .trim()
    .replace(/^\|/, '')
    .replace(/(^|[^\\])\|$/, '$1');
  return inner.split(/(?<!\\)\|/).map((c) => c.trim().replaceAll('\\|', '|'));
}

const span =
  /(`+)([\s\S]*?[^`])\1(?!`)|\\([\\`*_{}[\]()#+\-.!|~<>])|!?\[([^[\]]*)\]\(\s*<?([^\s()<>]*(?:\([^\s()<>]*\)[^\s()<>]*)*)>?(?:\s+"[^"]*")?\s*\)|(\*\*|__)(?=\S)([\s\S]*?\S)\6|(~~)(?=\S)([\s\S]*?\S)\8|(\*)(?=\S)([^*]*[^*\s])\10|(?<![\w_])_(?=\S)([^_]*[^_\s])_(?!\w)|<?(https?:\/\/[^\s<>]*[^\s<>.,;:!?'")\]*_])>?| {2,}\n|\n/g;

/** The parts of a line. */
export function parseSpans(text: string, depth = 0): Span[] {
  const out: Span[] = [];
  const plain = (s: string) => {
    const last = out.at(-1);
    if (s === '') return;
    if (last?.kind === 'text') last.text += s;
    else out.push({ kind: 'text', text: s });
  };
  if (depth > deepest) return [{ kind: 'text', text }];
  let end = 0;
  for (const m of text.matchAll(span)) {
    plain(text.slice(end, m.index));
    end = m.index + m[0].length;
    const inner = (s: string) => parseSpans(s, depth + 1);
    if (m[2] !== undefined) out.push({ kind: 'code', text: m[2].replace(/^ (.*) $/s, '$1') });
    else if (m[3] !== undefined) plain(m[3]);
    else if (m[5] !== undefined) {
      const href = safe(m[5]);
      // A picture would be fetched from wherever the message says: its name leads there instead.
      if (href) out.push({ kind: 'link', href, spans: inner(m[4] || m[5]) });
      else plain(m[4] ?? '');
    } else if (m[7] !== undefined) out.push({ kind: 'strong', spans: inner(m[7]) });
    else if (m[9] !== undefined) out.push({ kind: 'del', spans: inner(m[9]) });
    else if (m[11] !== undefined || m[12] !== undefined) out.push({ kind: 'em', spans: inner(m[11] ?? m[12] ?? '') });
    else if (m[13] !== undefined) {
      const href = safe(m[13]);
      if (href) out.push({ kind: 'link', href, spans: [{ kind: 'text', text: m[13] }] });
      else plain(m[0]);
    } else out.push({ kind: 'break' });
  }
  plain(text.slice(end));
  return out;
}

/** An address that a message may lead to; none for those that would run something. */
function safe(address: string): string | undefined {
  try {
    const url = new URL(address);
    return ['http:', 'https:', 'mailto:', 'tel:'].includes(url.protocol) ? url.href : undefined;
  } catch {
    return undefined;
  }
}
