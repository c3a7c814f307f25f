import { readFileSync } from 'node:fs';
import type { Page } from '@playwright/test';
import { accessible } from '../lib/axe.ts';
import { root } from '../lib/paths.ts';
import { password, Scene, words } from '../lib/scene.ts';
import { browserWith, expect, test } from '../lib/test.ts';

test.use(browserWith());

/** Where a visit goes, and what of it must stand there before it counts. */
interface Visit {
  path(): string;
  /** Of the page's heading. */
  title: string | RegExp;
  ready?(page: Page): Promise<void>;
  /** Further states of the same page, each looked at. */
  also?: Record<string, (page: Page) => Promise<void>>;
  /** Nobody is signed in there. */
  outside?: boolean;
}

const w = words.en;
let scene: Scene;
let conversation = '';
const row = (name: RegExp | string) => (page: Page) => expect(page.getByRole('row', { name }).first()).toBeVisible();
const text = (what: RegExp | string) => (page: Page) => expect(page.getByText(what).first()).toBeVisible();
const press = (name: RegExp | string) => (page: Page) => page.getByRole('button', { name }).first().click();

/** By the address of the router's table, so that a page without a visit fails. */
const visits: Record<string, Visit> = {
  '/': { path: () => '/', title: 'Dashboard', ready: text('Conversations'), also: { 'the price of a minute': press(/^Set rate/) } },
  '/login': { path: () => '/login', title: 'Sign in', outside: true },
  '/setup': { path: () => '/setup?step=voice', title: 'What your agents talk with', also: { 'choosing an agent': (page) => page.getByRole('button', { name: 'Continue' }).click() } },
  '/invite/$token': { path: () => scene.invitation, title: 'You are invited', ready: text(w.tenant), outside: true },
  '/agents/gallery': {
    path: () => '/agents/gallery',
    title: 'Agents',
    ready: text(w.agents[0]?.name ?? ''),
    also: { 'more about an agent': press(/^More actions/) },
  },
  '/text-agents/gallery': { path: () => '/text-agents/gallery', title: 'Text agents', ready: text(w.textAgent.name) },
  '/text-agents/chat/$agentId': { path: () => '/text-agents/chat/reception-en', title: /Reception/, ready: (page) => expect(page.getByRole('textbox', { name: 'Your message' })).toBeVisible() },
  '/azure-avatar/gallery': { path: () => '/azure-avatar/gallery', title: 'Avatars', ready: text('No avatars') },
  '/agents/$agentId': {
    path: () => `/agents/${scene.agents[0]}`,
    title: w.agents[0]?.name ?? '',
    also: {
      'its versions': async (page) => {
        await page.goto(`/agents/${scene.agents[0]}?tab=versions`);
        await expect(page.getByText('Version 2').first()).toBeVisible();
      },
      'its place on other pages': async (page) => {
        await page.goto(`/agents/${scene.agents[0]}?tab=embed`);
        await expect(page.getByRole('heading', { name: 'Put it on your site' })).toBeVisible();
      },
    },
  },
  '/agents/$agentId/session': {
    path: () => `/agents/${scene.agents[0]}/session`,
    title: w.agents[0]?.name ?? '',
    ready: (page) => expect(page.getByRole('button', { name: 'Start' })).toBeVisible(),
  },
  '/agents/unified/create': {
    path: () => '/agents/unified/create',
    title: 'New voice agent',
    ready: text('Without an account: call flows'),
    also: {
      'its voices': (page) => step(page, 2, 'How your agent will speak'),
      'its instructions': (page) => step(page, 4, 'What the agent is to do'),
      'its publication': (page) => step(page, 5, 'Name and publish'),
    },
  },
  '/agents/voice-history': { path: () => '/agents/voice-history', title: 'Conversations', ready: row(/Reception/) },
  '/agents/voice-history/$sessionId': { path: () => `/agents/voice-history/${conversation}`, title: /Reception/, ready: text('When are you open?') },
  '/tools': { path: () => '/tools/', title: 'Tools', ready: text('end_conversation') },
  '/tools/add': {
    path: () => '/tools/add',
    title: 'New tool',
    ready: text('Python code'),
    also: {
      'a request': async (page) => {
        await page.goto('/tools/add?kind=api');
        await page.getByRole('button', { name: 'Add a parameter' }).click();
      },
      'a tool server': async (page) => {
        await page.goto('/tools/add?kind=mcp_server');
        await expect(page.getByText('Tools allowed')).toBeVisible();
      },
      code: async (page) => {
        await page.goto('/tools/add?kind=code');
        await expect(page.getByText('Standard library')).toBeVisible();
      },
    },
  },
  '/tools/$toolId': { path: () => '/tools/end_conversation', title: /./, ready: text('It comes with the product') },
  '/tools/variables': { path: () => '/tools/variables', title: 'Variables', ready: text('No variables') },
  '/tools/approvals': { path: () => '/tools/approvals', title: 'Approvals', ready: text('Nothing to decide') },
  '/assistant-vocal': {
    path: () => '/assistant-vocal',
    title: 'Phone assistant',
    ready: text('No call in progress'),
    also: {
      'trying voices': async (page) => {
        await page.goto('/assistant-vocal?tab=voice-test');
        await expect(page.getByRole('button', { name: 'Listen' })).toBeVisible();
      },
      'its history': async (page) => {
        await page.goto('/assistant-vocal?tab=history');
        await expect(page.getByText('Nothing yet')).toBeVisible();
      },
      'its configuration': async (page) => {
        await page.goto('/assistant-vocal?tab=config');
        await expect(page.getByText('Numbers that an agent answers').first()).toBeVisible();
      },
    },
  },
  '/flows': { path: () => '/flows', title: 'Call flows', ready: text('Technical support') },
  '/flows/$flowId': {
    path: () => '/flows/appointment',
    title: 'Appointment',
    ready: text('welcome'),
    also: {
      'a step': async (page) => {
        await page.goto('/flows/appointment?view=list&node=service');
        await expect(page.getByRole('region', { name: 'Step service' })).toBeVisible();
      },
    },
  },
  '/realtime-api.html': { path: () => '/realtime-api.html', title: 'Realtime calls', ready: text('New call') },
  '/settings': { path: () => '/settings', title: 'Profile' },
  '/settings/profile': { path: () => '/settings/profile', title: 'Profile', ready: text('Where you are signed in') },
  '/settings/people': {
    path: () => '/settings/people',
    title: 'People',
    ready: row(/Inès Caron/),
    also: { 'how people come in': text('Single sign-on (SSO)'), 'an invitation': press('Invite') },
  },
  '/settings/keys': { path: () => '/settings/keys', title: 'API keys', ready: row(w.key), also: { 'a new key': press('Make a key') } },
  '/settings/providers': { path: () => '/settings/providers', title: 'Providers', ready: text('OpenAI'), also: { 'the form of a provider': press(/^OpenAI/) } },
  '/settings/audit': { path: () => '/settings/audit', title: 'Audit trail', ready: row(/Key made/) },
};

async function step(page: Page, number: number, title: string): Promise<void> {
  await page.goto(`/agents/unified/create?agent=${scene.agents.at(-1)}&step=${number}`);
  await expect(page.getByRole('heading', { name: title })).toBeVisible();
}

test('every page of the console is visited', () => {
  const table = readFileSync(`${root}/web/src/routeTree.gen.ts`, 'utf8');
  const paths = /\n {2}to:\n([\s\S]*?)\n {2}id:/.exec(table)?.[1] ?? '';
  expect(Object.keys(visits).sort()).toEqual([...paths.matchAll(/'([^']+)'/g)].map((m) => m[1]).sort());
});

test.beforeAll(async ({ server, browser }) => {
  scene = await new Scene(server, 'en').furnish();
  const context = await browser.newContext();
  await scene.enter(context);
  const page = await context.newPage();
  await page.goto(`${server.url}/settings/profile`);
  await scene.converse(page, 'reception-en');
  await context.close();
  const { items } = await scene.call<{ items: { id: string }[] }>('GET', '/api/conversations');
  conversation = items.at(-1)?.id ?? '';
});

for (const [route, visit] of Object.entries(visits)) {
  test(`${route} is there for everybody`, async ({ page, context }) => {
    if (!visit.outside) await scene.enter(context);
    const look = async (name: string) => {
      for (const theme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
        await expect(page.locator('html')).toHaveAttribute('data-mantine-color-scheme', theme);
        await accessible(page, `${name}, ${theme}`);
      }
    };
    await page.goto(visit.path());
    await expect(page.getByRole('heading', { level: 1, name: visit.title })).toBeVisible();
    await visit.ready?.(page);
    await look(route);
    // A telephone: nothing is cut off or needs scrolling sideways.
    await page.setViewportSize({ width: 360, height: 740 });
    await accessible(page, `${route} on a telephone`);
    await page.setViewportSize({ width: 1440, height: 900 });
    for (const [name, go] of Object.entries(visit.also ?? {})) {
      await go(page);
      await look(`${route}: ${name}`);
    }
  });
}

test('the keyboard alone leads from the sign-in to a page and through its dialog', async ({ page }) => {
  const keys = async (...all: string[]) => {
    for (const key of all) await page.keyboard.press(key);
  };
  const focused = (role: Parameters<Page['getByRole']>[0], name: string | RegExp) => expect(page.getByRole(role, { name, exact: true })).toBeFocused();
  await page.goto('/login');
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  await keys('Tab');
  await focused('link', 'Skip to content');
  await keys('Enter', 'Tab');
  await focused('textbox', 'E-mail address');
  await page.keyboard.type(w.admin.email);
  await keys('Tab');
  await focused('textbox', 'Password');
  await page.keyboard.type(password);
  await keys('Enter');
  await expect(page.getByRole('heading', { level: 1, name: 'Dashboard' })).toBeVisible();

  await keys('Control+k');
  await focused('textbox', 'Search');
  await page.keyboard.type('people');
  await expect(page.getByRole('button', { name: /^People/ }).first()).toBeVisible();
  await keys('Enter');
  await expect(page.getByRole('heading', { level: 1, name: 'People' })).toBeVisible();
  await expect(page.getByRole('row', { name: /Inès Caron/ })).toBeVisible();

  // The skip link leads past the bar; then Tab to the first thing that can be done, which opens a dialog that holds the focus and gives it back.
  await page.getByRole('link', { name: 'Skip to content' }).focus();
  await keys('Enter');
  const invite = page.getByRole('button', { name: 'Invite' });
  for (let n = 0; n < 12 && !(await invite.evaluate((b) => b === document.activeElement)); n++) await keys('Tab');
  await expect(invite).toBeFocused();
  await keys('Enter');
  await focused('textbox', 'E-mail address');
  for (let n = 0; n < 9; n++) await keys('Tab');
  expect(await page.evaluate(() => document.activeElement?.closest('[role=dialog]') !== null), 'the focus stays in the dialog').toBe(true);
  await keys('Escape');
  await expect(invite).toBeFocused();
});
