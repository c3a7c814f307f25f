import classes from '~/ui/Sparkline.module.css';

interface Props {
  values: readonly number[];
  /** What it shows, as a sentence. */
  label: string;
  /** A colour of tokens.css. */
  colour?: string;
  height?: number;
}

const width = 240;

/** A trend without axes: the line, the ground under it, and where it stands now. At least two values. */
export function Sparkline({ values, label, colour = 'var(--brand-ink)', height = 44 }: Props) {
  const most = Math.max(1e-9, ...values);
  const pad = 5;
  const at = values.map((v, i) => ({
    x: pad + (i / Math.max(1, values.length - 1)) * (width - 2 * pad),
    y: height - pad - (v / most) * (height - 2 * pad),
  }));
  const line = at.map(({ x, y }, i) => `${i === 0 ? 'M' : 'L'}${x.toFixed(1)} ${y.toFixed(1)}`).join('');
  const first = at[0];
  const last = at.at(-1);
  if (!first || !last) return null;
  return (
    <span className={classes.box} style={{ height, color: colour }} role="img" aria-label={label}>
      <svg viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" aria-hidden="true">
        <path className={classes.ground} d={`${line}L${last.x} ${height}L${first.x} ${height}Z`} />
        <path className={classes.line} d={line} vectorEffect="non-scaling-stroke" />
      </svg>
      <i style={{ insetInlineStart: `${(last.x / width) * 100}%`, top: `${(last.y / height) * 100}%` }} />
    </span>
  );
}
