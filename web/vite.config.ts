import { fileURLToPath } from 'node:url';
import { tanstackRouter } from '@tanstack/router-plugin/vite';
import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';
import { brand } from './src/app/brand.ts';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** The product's name has one home, so index.html gets it from there. */
const title: Plugin = {
  name: 'brand-title',
  transformIndexHtml: (html) => html.replaceAll('%BRAND%', brand.name),
};

// The server for `npm run dev`: the address of a running griot, or of scripts/mock.mjs.
const server = process.env.GRIOT_ADDRESS ?? 'http://127.0.0.1:5000';

export default defineConfig({
  plugins: [
    tanstackRouter({
      target: 'react',
      autoCodeSplitting: true,
      routesDirectory: 'src/routes',
      generatedRouteTree: 'src/routeTree.gen.ts',
      quoteStyle: 'single',
    }),
    react(),
    title,
  ],
  resolve: { alias: { '~': here('./src'), '@locales': here('./locales') } },
  html: { cspNonce: '__NONCE__' }, // handler.go puts a fresh one in for every request
  server: { proxy: { '/api': server, '/tools/api': server, '/v1': { target: server, ws: true }, '/healthz': server } },
  build: {
    assetsInlineLimit: 0, // the policy allows no data: scripts or fonts
    target: 'es2022',
    chunkSizeWarningLimit: 600,
    emptyOutDir: true,
    rolldownOptions: {
      output: {
        codeSplitting: {
          minSize: 8_000,
          groups: [
            { name: 'react', test: /node_modules[\\/](react|react-dom|scheduler|use-sync-external-store)[\\/]/ },
            { name: 'base', minShareCount: 8, test: /node_modules[\\/]/ },
            // The table of routes comes whole with the shell: one file of it packs better than one for each route. Their screens, which have a query, stay apart.
            { name: 'routes', test: /[\\/]src[\\/]routes[\\/][^?]+$/ },
          ],
        },
      },
    },
  },
});
