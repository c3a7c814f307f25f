import { el } from './dom';

// The part of Markdown that models write in a chat, made into elements. There is no raw HTML, no picture from elsewhere, and a link leads to the web or to a mail program.

const inline =
  /(`+)([^`]|[^`][\s\S]*?[^`])\1(?!`)|\*\*([\s\S]+?)\*\*|__([\s\S]+?)__|\*([^\s*][^*]*?)\*|(?<![\p{L}\p{N}])_([^\s_][^_]*?)_(?![\p{L}\p{N}])|~~([\s\S]+?)~~|\[([^\]\n]+)\]\(([^)\s]+)(?:\s+"[^"]*")?\)|(https?:\/\/[^\s<>()]+[^\s<>().,;:!?'"])/gu;

/** Where a link may lead: the web and mail. */
export function safeLink(address: string): string | undefined {
  try {
    const url = new URL(address);
    return ['https:', 'http:', 'mailto:', 'tel:'].includes(url.protocol) ? url.href : undefined;
  } catch {
    return undefined;
  }
}

function anchor(href: string | undefined, children: (Node | string)[], hint: string): Node | string {
  if (!href) return fragment(children);
  const a = el('a', { href, target: '_blank', rel: 'noopener noreferrer nofollow' });
  a.append(...children, el('span', { class: 'quiet' }, ` (${hint})`));
  return a;
}

function fragment(children: (Node | string)[]): DocumentFragment {
  const f = document.createDocumentFragment();
  f.append(...children);
  return f;
}

function spans(text: string, hint: string, depth = 0): (Node | string)[] {
  if (depth > 6) return [text];
  const out: (Node | string)[] = [];
  let from = 0;
  for (const m of text.matchAll(inline)) {
    if (m.index > from) out.push(text.slice(from, m.index));
    from = m.index + m[0].length;
    const strong = m[3] ?? m[4];
    const emphasis = m[5] ?? m[6];
    if (m[2] !== undefined) out.push(el('code', {}, m[2]));
    else if (strong !== undefined) out.push(wrap('strong', spans(strong, hint, depth + 1)));
    else if (emphasis !== undefined) out.push(wrap('em', spans(emphasis, hint, depth + 1)));
    else if (m[7] !== undefined) out.push(wrap('s', spans(m[7], hint, depth + 1)));
    else if (m[8] !== undefined) out.push(anchor(safeLink(m[9] ?? ''), spans(m[8], hint, depth + 1), hint));
    else if (m[10] !== undefined) out.push(anchor(safeLink(m[10]), [m[10]], hint));
  }
  if (from < text.length) out.push(text.slice(from));
  return out;
}

function wrap(
  tag: 'strong' | 'em' | 's' | 'p' | 'li' | 'blockquote' | 'th' | 'td',
  children: (Node | string)[],
): HTMLElement {
  const e = el(tag);
  e.append(...children);
  return e;
}

const bullet = /^(\s*)([-*+]|\d{1,9}[.)])\s+(.*)$/;

/** Makes elements of a text; hint is what is said of links for who cannot see where they open. */
export function markdown(text: string, hint: string): DocumentFragment {
  const out = document.createDocumentFragment();
  const lines = text.replaceAll('\r\n', '\n').split('\n');
  let paragraph: string[] = [];
  const flush = () => {
    if (paragraph.length === 0) return;
    const p = el('p');
    paragraph.forEach((line, i) => {
      if (i > 0) p.append(el('br'));
      p.append(...spans(line, hint));
    });
    out.append(p);
    paragraph = [];
  };
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i] ?? '';
    const fence = /^\s*(```+|~~~+)/.exec(line);
    const heading = /^(#{1,6})\s+(.+?)\s*#*$/.exec(line);
    if (fence) {
      flush();
      const code: string[] = [];
      for (i++; i < lines.length && !(lines[i] ?? '').trim().startsWith(fence[1] ?? '```'); i++)
        code.push(lines[i] ?? '');
      out.append(el('pre', { tabindex: '0' }, el('code', {}, code.join('\n'))));
    } else if (line.trim() === '') {
      flush();
    } else if (heading) {
      flush();
      const p = el('p', { class: 'heading' });
      p.append(...spans(heading[2] ?? '', hint));
      out.append(p);
    } else if (/^\s*([-*_])\s*(\1\s*){2,}$/.test(line)) {
      flush();
      out.append(el('hr'));
    } else if (/^\s*>/.test(line)) {
      flush();
      const quoted: string[] = [];
      for (; i < lines.length && /^\s*>/.test(lines[i] ?? ''); i++)
        quoted.push((lines[i] ?? '').replace(/^\s*>\s?/, ''));
      i--;
      const q = el('blockquote');
      q.append(...spans(quoted.join('\n'), hint));
      out.append(q);
    } else if (bullet.test(line)) {
      flush();
      const end = endOfList(lines, i);
      out.append(list(lines.slice(i, end), hint));
      i = end - 1;
    } else if (
      line.includes('|') &&
      /^\s*\|?\s*:?-{2,}:?\s*(\|\s*:?-{2,}:?\s*)*\|?\s*$/.test(lines[i + 1] ?? '') &&
      (lines[i + 1] ?? '').includes('|')
    ) {
      flush();
      let end = i + 2;
      while (end < lines.length && (lines[end] ?? '').includes('|')) end++;
      out.append(table(lines.slice(i, end), hint));
      i = end - 1;
    } else {
      paragraph.push(line);
    }
  }
  flush();
  return out;
}

function endOfList(lines: string[], from: number): number {
  let end = from;
  while (end < lines.length && (bullet.test(lines[end] ?? '') || (/^\s{2,}\S/.test(lines[end] ?? '') && end > from)))
    end++;
  return end;
}

function list(lines: string[], hint: string): HTMLElement {
  const first = bullet.exec(lines[0] ?? '');
  const ordered = /\d/.test(first?.[2] ?? '');
  const indent = (first?.[1] ?? '').length;
  const out = ordered ? el('ol', { start: String(Number.parseInt(first?.[2] ?? '1', 10)) }) : el('ul');
  for (let i = 0; i < lines.length; i++) {
    const m = bullet.exec(lines[i] ?? '');
    const li = wrap('li', spans(m?.[3] ?? (lines[i] ?? '').trim(), hint));
    out.append(li);
    const inner: string[] = [];
    while (i + 1 < lines.length) {
      const next = lines[i + 1] ?? '';
      const nm = bullet.exec(next);
      if (nm ? (nm[1] ?? '').length <= indent : false) break;
      inner.push(next);
      i++;
    }
    if (inner.length > 0 && inner.some((l) => bullet.test(l)) && indent < 12) li.append(list(inner, hint));
    else for (const l of inner) li.append(el('br'), ...spans(l.trim(), hint));
  }
  return out;
}

function table(lines: string[], hint: string): HTMLElement {
  const cells = (line: string) =>
    line
      .trim()
      .replace(/^\||\|$/g, '')
      .split('|')
      .map((c) => c.trim());
  const row = (line: string, tag: 'th' | 'td') => {
    const tr = el('tr');
    for (const c of cells(line)) tr.append(wrap(tag, spans(c, hint)));
    return tr;
  };
  const t = el('table', {}, el('thead', {}, row(lines[0] ?? '', 'th')));
  const body = el('tbody');
  for (const line of lines.slice(2)) body.append(row(line, 'td'));
  t.append(body);
  return el('div', { class: 'wide', tabindex: '0' }, t);
}
