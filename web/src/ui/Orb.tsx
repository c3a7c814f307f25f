import classes from '~/ui/Orb.module.css';

const pairs = [
  ['#7b3fc4', '#2f7fe0'],
  ['#5d20a1', '#d0559b'],
  ['#12968a', '#2f7fe0'],
  ['#b8620a', '#d0559b'],
  ['#4a148c', '#12968a'],
  ['#1565c0', '#7b3fc4'],
] as const;

function hash(text: string): number {
  let h = 7;
  for (const char of text) h = (h * 31 + (char.codePointAt(0) ?? 0)) >>> 0;
  return h;
}

/** The mark of an agent without a picture: a gradient that follows from its name, with initials. Decoration: the name stands beside it. */
export function Orb({ name, size = 32 }: { name: string; size?: number }) {
  const key = hash(name);
  const [from, to] = pairs[key % pairs.length] ?? pairs[0];
  const words = name.split(/\s+/).filter((w) => /\p{L}/u.test(w.charAt(0)));
  const initials = words
    .slice(0, 2)
    .map((w) => w.charAt(0).toLocaleUpperCase())
    .join('');
  const background = `radial-gradient(circle at 30% 25%, rgb(255 255 255 / 36%), transparent 42%), linear-gradient(${key % 360}deg, ${from}, ${to})`;
  return (
    <span aria-hidden className={classes.orb} style={{ width: size, height: size, fontSize: size * 0.36, background }}>
      {initials}
    </span>
  );
}
