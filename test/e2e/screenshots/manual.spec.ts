import { readFileSync } from 'node:fs';
import type { Page } from '@playwright/test';
import { root } from '../lib/paths.ts';
import { type Language, password, Scene, words } from '../lib/scene.ts';
import { Server } from '../lib/server.ts';
import { browserWith, expect, test } from '../lib/test.ts';

// The pictures of docs/manual in each of its languages, and of the README: npm run screenshots -- manual. PICTURES names another folder.

test.use({ ...browserWith(), viewport: { width: 1280, height: 800 } });

const folder = process.env.PICTURES ?? `${root}/docs`;

/** The console's own words, so that the buttons that are pressed are those of its language. */
function consoleIn(language: Language) {
  const files = new Map<string, Record<string, unknown>>();
  return (path: string, values: Record<string, string> = {}): string => {
    const [file = '', key = ''] = path.split(':');
    if (!files.has(file)) files.set(file, JSON.parse(readFileSync(`${root}/web/locales/${language}/${file}.json`, 'utf8')) as Record<string, unknown>);
    const text = key.split('.').reduce<unknown>((at, k) => (at as Record<string, unknown>)[k], files.get(file));
    return Object.entries(values).reduce((t, [k, v]) => t.replaceAll(`{{${k}}}`, v), String(text));
  };
}

for (const language of ['en', 'fr', 'es'] as const) {
  test(`the pictures of the manual, ${language}`, async ({ browser, system: _ }) => {
    const server = new Server();
    await server.start();
    const context = await browser.newContext({ baseURL: server.url, locale: language, timezoneId: 'Europe/Paris', viewport: { width: 1280, height: 800 }, permissions: ['microphone'] });
    const page = await context.newPage();
    await take(page, new Scene(server, language), language);
    await context.close();
    await server.stop();
    server.remove();
  });
}

async function take(page: Page, scene: Scene, language: Language): Promise<void> {
  const say = consoleIn(language);
  const w = words[language];
  const shoot = async (name: string, theme: 'light' | 'dark' = 'light', path = `${folder}/manual/${language}/${name}.png`) => {
    await page.emulateMedia({ colorScheme: theme });
    await expect(page.locator('html')).toHaveAttribute('data-mantine-color-scheme', theme);
    await page.evaluate(() => document.fonts.ready);
    await page.mouse.move(640, 799);
    await page.screenshot({ path, animations: 'disabled' });
  };
  const heading = (name?: string) => expect(page.getByRole('heading', { level: 1, name })).toBeVisible();
  const button = (path: string) => page.getByRole('button', { name: say(path), exact: true }).first();

  await page.goto('/setup');
  await page.getByRole('textbox', { name: say('signin:name') }).fill(w.admin.name);
  await page.getByRole('textbox', { name: say('signin:email') }).fill(w.admin.email);
  await page.getByRole('textbox', { name: say('signin:password') }).fill(password);
  await page.getByRole('textbox', { name: say('signin:setup.tenant') }).fill(w.tenant);
  await page.getByRole('heading', { level: 1 }).focus();
  await shoot('first-start');

  await scene.furnish();
  await scene.call('PUT', '/api/billing-rate', { per_minute: 0.18, effective_from: `${new Date().toISOString().slice(0, 10)}T00:00:00Z` });
  await scene.enter(page.context());

  // Callers, who take their time.
  await page.goto('/settings/profile');
  const reception = `reception-${language}`;
  const busy = [reception, scene.agents[0] ?? '', scene.agents[1] ?? '', reception];
  await Promise.all(busy.map((agent, n) => scene.converse(page, agent, w.callers.slice(n % w.callers.length), 2500 + 900 * n)));

  // A conversation at the console, in writing: that is the same on every machine, whether or not something there knows the language.
  await page.goto(`/agents/${reception}/session`);
  await button(language === 'en' ? 'session:before.withoutMic' : 'session:before.start').click();
  const agent = page.getByRole('log').locator('article[data-kind="agent"]');
  const write = async (text = '') => {
    await page.getByRole('textbox', { name: say('session:text.label') }).fill(text);
    await page.keyboard.press('Enter');
  };
  await expect(agent.nth(0).locator('.heard')).not.toBeEmpty({ timeout: 20_000 });
  await write(w.callers[0]?.[0]);
  await expect(agent.nth(1).locator('.heard')).toContainText(/(\S+ ){5}\S/, { timeout: 20_000 });
  await write(w.callers[0]?.[1]);
  await expect(agent.nth(2).locator('.heard')).toContainText(/(\S+ ){2}\S/, { timeout: 20_000 });
  await shoot('talking');
  await expect(agent.last().locator('.ahead')).toHaveCount(0, { timeout: 30_000 });
  await button('session:end.button').click();
  await page.getByRole('link', { name: say('session:end.open') }).click();
  await expect(button('calls:recording.play')).toBeVisible({ timeout: 30_000 });
  await agent.nth(1).getByRole('button').first().click();
  await heading();
  await shoot('conversation');

  await page.goto('/');
  await expect(page.getByText(say('home:business.title'))).toBeVisible();
  await shoot('home');
  if (language === 'en') for (const theme of ['light', 'dark'] as const) await shoot('home', theme, `${folder}/images/home-${theme}.png`);
  await page.goto('/agents/gallery');
  await expect(page.getByText(w.agents[0]?.name ?? '').first()).toBeVisible();
  await shoot('agents');
  if (language === 'en') for (const theme of ['light', 'dark'] as const) await shoot('agents', theme, `${folder}/images/agents-${theme}.png`);
  const draft = scene.agents.at(-1);
  await page.goto(`/agents/unified/create?agent=${draft}&step=2`);
  await expect(page.getByRole('heading', { name: say('agents:wizard.voice.title') })).toBeVisible();
  await expect(page.getByRole('button', { name: new RegExp(`^${say('agents:wizard.voice.listen')}`) }).first()).toBeVisible();
  await shoot('wizard-voice');
  await page.goto(`/agents/unified/create?agent=${draft}&step=4`);
  await expect(page.getByRole('heading', { name: say('agents:wizard.instructions.title') })).toBeVisible();
  await shoot('wizard-instructions');
  await page.goto(`/agents/${scene.agents[0]}?tab=versions&version=2`);
  await expect(page.getByText(say('agents:versions.number', { number: '2' })).first()).toBeVisible();
  await expect(page.getByText(w.greeting).first()).toBeVisible();
  await shoot('versions');
  await page.goto('/agents/voice-history');
  await expect(page.getByRole('row').nth(4)).toBeVisible();
  await shoot('history');
  await page.goto('/settings/people');
  await expect(page.getByRole('row', { name: w.colleagues[0]?.name })).toBeVisible();
  await shoot('people');
  await page.goto('/settings/keys');
  await expect(page.getByRole('row', { name: w.key })).toBeVisible();
  await shoot('keys');
  await page.goto('/settings/providers');
  await page.getByRole('button', { name: /^OpenAI/ }).click();
  await page.getByRole('textbox', { name: say('providers:field.api_key') }).fill('sk-not-a-key-of-anybody');
  await shoot('providers');
  await page.goto('/settings/audit');
  await expect(page.getByRole('row').nth(4)).toBeVisible();
  await shoot('audit');
}
