import { expect, it } from 'vitest';
import { type Block, parseMarkdown, parseSpans, type Span } from './markdown';

/** Spans as short text, to compare. */
const flat = (spans: Span[]): string =>
  spans
    .map((s) => {
      switch (s.kind) {
        case 'text':
          return s.text;
        case 'code':
          return `‹${s.text}›`;
        case 'break':
          return '⏎';
        case 'link':
          return `[${flat(s.spans)}→${s.href}]`;
        default:
          return `<${s.kind} ${flat(s.spans)}>`;
      }
    })
    .join('');

const shape = (b: Block): unknown => {
  switch (b.kind) {
    case 'paragraph':
      return flat(b.spans);
    case 'heading':
      return `h${b.level} ${flat(b.spans)}`;
    case 'list':
      return { [b.start === undefined ? 'ul' : `ol${b.start}`]: b.items.map((i) => i.map(shape)) };
    case 'quote':
      return { quote: b.blocks.map(shape) };
    case 'table':
      return { head: b.head.map(flat), rows: b.rows.map((r) => r.map(flat)) };
    case 'code':
      return { [`code ${b.language}`]: b.text };
    default:
      return b.kind;
  }
};

it('reads the blocks that models write', () => {
  const text = [
    '# Offers',
    'Two chairs:',
    '- **Oak**, 80 €',
    '  - with arms',
    '- Pine',
    '',
    '2. second',
    '3. third',
    '',
    '> note',
    '> more',
    '',
    '| Name | Price |',
    '|:-----|------:|',
    '| Oak | 80 \\| 90 |',
    '| Pine |',
    '',
    '```python',
    'print("<b>")',
    '```',
    '---',
  ].join('\n');
  expect(parseMarkdown(text).map(shape)).toEqual([
    'h1 Offers',
    'Two chairs:',
    { ul: [['<strong Oak>, 80 €', { ul: [['with arms']] }], ['Pine']] },
    { ol2: [['second'], ['third']] },
    { quote: ['note⏎more'] },
    {
      head: ['Name', 'Price'],
      rows: [
        ['Oak', '80 | 90'],
        ['Pine', ''],
      ],
    },
    { 'code python': 'print("<b>")' },
    'rule',
  ]);
});

it.each([
  ['**bold** and *thin* and ~~gone~~ and `a*b*`', '<strong bold> and <em thin> and <del gone> and ‹a*b*›'],
  ['snake_case_name stays, _this_ not', 'snake_case_name stays, <em this> not'],
  ['2 * 3 * 4', '2 * 3 * 4'],
  [
    '[site](https://example.com/a_(b)) and https://example.com/x.',
    '[site→https://example.com/a_(b)] and [https://example.com/x→https://example.com/x].',
  ],
  ['[click](javascript:alert(1)) ![p](data:text/html,x)', 'click p'],
  ['![chart](https://example.com/c.png)', '[chart→https://example.com/c.png]'],
  ['<script>alert(1)</script> &amp;', '<script>alert(1)</script> &amp;'],
  ['\\*not thin\\*', '*not thin*'],
  ['still **being wri', 'still **being wri'],
])('reads the spans of %s', (text, want) => {
  expect(flat(parseSpans(text))).toBe(want);
});

it('shows what is half written, and comes to an end with what is odd', () => {
  expect(parseMarkdown('```\nlet a').map(shape)).toEqual([{ 'code ': 'let a' }]);
  for (const odd of [
    '*'.repeat(5000),
    '['.repeat(5000),
    '> '.repeat(5000),
    '`a'.repeat(5000),
    `${'- '.repeat(3000)}x`,
    '_a'.repeat(5000),
    '|'.repeat(5000),
  ])
    expect(parseMarkdown(odd).length).toBeGreaterThan(0);
});
