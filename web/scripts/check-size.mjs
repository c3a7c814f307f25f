// Fails when the built console outgrows its budgets. Sizes are gzip, as sent.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const dist = new URL('../dist/', import.meta.url).pathname;
if (!existsSync(`${dist}index.html`)) {
  console.error('dist/ holds no build: run `npm run build` first.');
  process.exit(1);
}
const packed = (path) => gzipSync(readFileSync(`${dist}${path}`), { level: 9 }).length;
/** What of the widget's files has a name like this, gzip. */
function embedded(name) {
  const files = readdirSync(`${dist}embed`, { recursive: true }).filter((f) => name.test(f));
  if (files.length === 0) throw new Error(`dist/embed has no ${name}`);
  return sum(files.map((f) => `embed/${f}`));
}
const html = readFileSync(`${dist}index.html`, 'utf8');
const named = [...html.matchAll(/(?:src|href)="\/(assets\/[^"]+)"/g)].map((m) => m[1]);
const sum = (paths) => paths.reduce((total, path) => total + packed(path), 0);
const assets = readdirSync(`${dist}assets`).filter((name) => !name.endsWith('.gz'));
const scripts = assets.filter((name) => name.endsWith('.js'));
const first = new Set(named);
const canvas = scripts.filter((name) => name.startsWith('FlowCanvas-'));
const largest = scripts
  .filter((name) => !first.has(`assets/${name}`) && !canvas.includes(name))
  .map((name) => [packed(`assets/${name}`), name])
  .sort((a, b) => b[0] - a[0])[0] ?? [0, 'none'];

const rows = [
  ['script of the shell', sum(named.filter((n) => n.endsWith('.js'))), 250_000],
  ['style of the shell', sum(named.filter((n) => n.endsWith('.css'))), 50_000],
  [`largest other script (${largest[1]})`, largest[0], 45_000],
  ['script of the flows’ drawing', sum(canvas.map((name) => `assets/${name}`)), 60_000],
  ['all scripts and styles', sum(assets.filter((n) => /\.(js|css)$/.test(n)).map((n) => `assets/${n}`)), 1_200_000],
  [
    'all fonts',
    assets.filter((n) => n.endsWith('.woff2')).reduce((t, n) => t + statSync(`${dist}assets/${n}`).size, 0),
    300_000,
  ],
  // What pages of others load: before the panel is opened, with it, and for speech besides.
  ['the widget, before it is opened', embedded(/^widget\.js$/), 6_000],
  ['its panel', embedded(/^assets\/panel-.*\.(js|css)$/), 25_000],
  ['speech in it', embedded(/^assets\/(voice|capture|playback)-.*\.js$/), 15_000],
];
let failed = false;
for (const [what, size, limit] of rows) {
  const over = size > limit;
  failed ||= over;
  console.log(
    `${over ? 'OVER ' : 'ok   '}${String(Math.round(size / 1000)).padStart(5)} KB of ${String(limit / 1000).padStart(4)} KB  ${what}`,
  );
}
process.exit(failed ? 1 : 0);
