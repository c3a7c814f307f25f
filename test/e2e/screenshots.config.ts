import { defineConfig } from '@playwright/test';

/** The pictures of the documentation: npm run screenshots. */
export default defineConfig({
  testDir: 'screenshots',
  globalSetup: './lib/setup.ts',
  workers: 1,
  timeout: 240_000,
  expect: { timeout: 15_000 },
  reporter: [['list']],
});
