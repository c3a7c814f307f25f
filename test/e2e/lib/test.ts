import { type BrowserContextOptions, test as base, type Page } from '@playwright/test';
import { Api } from './api.ts';
import { type Microphone, microphoneFile } from './microphones.ts';
import { chromium, missing } from './paths.ts';
import { type Arrangement, Server } from './server.ts';

interface Each {
  api: Api;
  /** Complaints of the browser about the page: errors of scripts and of the content security policy. Must be empty at the end. */
  complaints: string[];
}

interface PerFile {
  server: Server;
  /** How the file's server is set up. */
  arrangement: Arrangement;
}

/** One server per file of tests, on a fresh data folder, ended properly at the end. */
export const test = base.extend<Each & { system: undefined }, PerFile>({
  system: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the names of fixtures from the pattern
    async ({}, use, info) => {
      const gone = missing();
      info.skip(gone.length > 0, `needs: apt-get install ${gone.join(' ')}`);
      await use(undefined);
    },
    { auto: true },
  ],
  arrangement: [{}, { option: true, scope: 'worker' }],
  server: [
    async ({ arrangement }, use) => {
      const server = new Server(arrangement);
      await server.start();
      await use(server);
      const code = await server.stop();
      server.remove();
      if (code !== 0) throw new Error(`griot ended with ${code}:\n${server.output}`);
    },
    { scope: 'worker' },
  ],
  api: async ({ server }, use) => use(new Api(server)),
  baseURL: async ({ server }, use) => use(server.url),
  complaints: [
    async ({ page }, use, info) => {
      const complaints: string[] = [];
      page.on('pageerror', (e) => complaints.push(String(e)));
      page.on('console', (m) => {
        const ours = m.location().url === ''; // from a script that the test itself put into the page, such as axe
        if (!ours && (m.type() === 'error' || m.type() === 'warning')) complaints.push(m.text());
      });
      await use(complaints);
      if (complaints.length > 0 && info.status === 'passed') {
        throw new Error(`the browser complained:\n${complaints.join('\n')}`);
      }
    },
    { auto: true },
  ],
});

export { expect } from '@playwright/test';

interface BrowserWish {
  microphone?: Microphone;
  /** Whether the browser gives the microphone to whoever asks. */
  allow?: boolean;
  /** Whether listenTo is used. Other pages keep their content security policy, which is tested with them. */
  record?: boolean;
}

/** The browser for a file of tests: the system's Chromium with a recording for a microphone. */
export function browserWith({ microphone = 'silent', allow = true, record = false }: BrowserWish = {}) {
  const options: BrowserContextOptions = {
    locale: 'en-GB',
    timezoneId: 'UTC',
    viewport: { width: 1440, height: 900 },
    bypassCSP: record,
  };
  return {
    ...options,
    launchOptions: {
      executablePath: chromium,
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
        '--autoplay-policy=no-user-gesture-required',
        '--use-fake-device-for-media-stream',
        `--use-file-for-fake-audio-capture=${microphoneFile(microphone)}%noloop`,
        ...(allow ? ['--use-fake-ui-for-media-stream'] : ['--deny-permission-prompts']),
      ],
    },
  };
}

/** From the gallery to a conversation with an agent, as a person goes. */
export async function talkTo(page: Page, agent: RegExp | string): Promise<void> {
  await page.goto('/agents/gallery');
  await page.getByRole('link', { name: agent }).click();
}

/** By a menu of the bar to one of its screens, as a person goes. The names are those of the language shown. */
export async function goTo(page: Page, menu: string, screen: string): Promise<void> {
  await page.getByRole('navigation').getByRole('button', { name: menu, exact: true }).click();
  await page.getByRole('menuitem').filter({ has: page.getByText(screen, { exact: true }) }).click();
}
