import { defineConfig } from '@playwright/test';

export default defineConfig({
  testDir: 'tests',
  globalSetup: './lib/setup.ts',
  // One conversation at a time: they happen in real time, and their timing is part of what is tested.
  workers: 1,
  // Speech, sound and processes take their real time: what failed once is tried once more, and is then counted as flaky in the summary.
  retries: 1,
  fullyParallel: false,
  forbidOnly: true,
  timeout: 90_000,
  expect: { timeout: 10_000 },
  reporter: [['list']],
  use: { screenshot: 'only-on-failure', trace: 'off' },
});
