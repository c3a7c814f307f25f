import { Fragment, memo, useMemo } from 'react';
import { type Block, parseMarkdown, type Span } from '~/lib/markdown';
import classes from './Markdown.module.css';

/** A message in Markdown. What it holds of HTML is shown as text, and pictures as links. */
export const Markdown = memo(function Markdown({ text }: { text: string }) {
  const blocks = useMemo(() => parseMarkdown(text), [text]);
  return (
    <div className={classes.text}>
      <Blocks blocks={blocks} />
    </div>
  );
});

/** The page has first and second headings of its own. */
const headings = ['h3', 'h4', 'h5', 'h6'] as const;

// Blocks and spans of a text have no names of their own: their place is what tells them apart.
function Blocks({ blocks }: { blocks: Block[] }) {
  // biome-ignore lint/suspicious/noArrayIndexKey: see above
  return blocks.map((b, n) => <OneBlock key={`${n}${b.kind}`} block={b} />);
}

function OneBlock({ block: b }: { block: Block }) {
  switch (b.kind) {
    case 'paragraph':
      return (
        <p>
          <Spans spans={b.spans} />
        </p>
      );
    case 'heading': {
      const Heading = headings[b.level - 1] ?? 'h6';
      return (
        <Heading className={classes.heading} data-level={b.level}>
          <Spans spans={b.spans} />
        </Heading>
      );
    }
    case 'code':
      return (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
        <pre tabIndex={0}>
          <code>{b.text}</code>
        </pre>
      );
    case 'quote':
      return (
        <blockquote>
          <Blocks blocks={b.blocks} />
        </blockquote>
      );
    case 'list': {
      const items = b.items.map((item, n) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: see above
        <li key={n}>
          <Item blocks={item} />
        </li>
      ));
      return b.start === undefined ? <ul>{items}</ul> : <ol start={b.start}>{items}</ol>;
    }
    case 'table':
      return (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
        <div className={classes.wide} tabIndex={0}>
          <table>
            <thead>
              <tr>
                {b.head.map((c, n) => (
                  // biome-ignore lint/suspicious/noArrayIndexKey: see above
                  <th key={n}>
                    <Spans spans={c} />
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {b.rows.map((row, r) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: see above
                <tr key={r}>
                  {row.map((c, n) => (
                    // biome-ignore lint/suspicious/noArrayIndexKey: see above
                    <td key={n}>
                      <Spans spans={c} />
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      );
    case 'rule':
      return <hr />;
  }
}

/** An item of one paragraph needs no paragraph. */
function Item({ blocks }: { blocks: Block[] }) {
  const [first, ...rest] = blocks;
  if (first?.kind !== 'paragraph') return <Blocks blocks={blocks} />;
  return (
    <>
      <Spans spans={first.spans} />
      <Blocks blocks={rest} />
    </>
  );
}

function Spans({ spans }: { spans: Span[] }) {
  // biome-ignore lint/suspicious/noArrayIndexKey: see above
  return spans.map((s, n) => <OneSpan key={n} span={s} />);
}

function OneSpan({ span: s }: { span: Span }) {
  switch (s.kind) {
    case 'text':
      return <Fragment>{s.text}</Fragment>;
    case 'code':
      return <code>{s.text}</code>;
    case 'break':
      return <br />;
    case 'link':
      return (
        <a href={s.href} target="_blank" rel="noopener noreferrer nofollow">
          <Spans spans={s.spans} />
        </a>
      );
    case 'strong':
      return (
        <strong>
          <Spans spans={s.spans} />
        </strong>
      );
    case 'em':
      return (
        <em>
          <Spans spans={s.spans} />
        </em>
      );
    case 'del':
      return (
        <del>
          <Spans spans={s.spans} />
        </del>
      );
  }
}
