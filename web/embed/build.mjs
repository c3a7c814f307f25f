// Builds what pages of others load, into dist/embed: widget.js, and panel.html with its parts. After `vite build`, which empties dist.
import { mkdirSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const alias = { '~': here('../src'), '@locales': here('../locales') };
const common = { configFile: false, logLevel: 'warn', resolve: { alias }, publicDir: false };

rmSync(here('../dist/embed'), { recursive: true, force: true });
mkdirSync(here('../dist/embed'), { recursive: true });
await build({
  ...common,
  root: here('.'),
  build: {
    outDir: here('../dist/embed'),
    emptyOutDir: false,
    target: 'es2022',
    lib: { entry: here('widget.ts'), formats: ['iife'], name: 'griotWidget', fileName: () => 'widget.js' },
  },
});
await build({
  ...common,
  root: here('.'),
  base: '/embed/v1/',
  build: {
    outDir: here('../dist/embed'),
    emptyOutDir: false,
    target: 'es2022',
    assetsInlineLimit: 0, // the policy allows no data: scripts
    modulePreload: { polyfill: false },
    rolldownOptions: { input: here('panel.html') },
  },
});
