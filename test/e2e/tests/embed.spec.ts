import type { Page } from '@playwright/test';
import { accessible } from '../lib/axe.ts';
import { HostSite } from '../lib/host.ts';
import { browserWith, expect, test as base } from '../lib/test.ts';

/** An agent of a call flow, which needs no model, and which pages of the host site may show. */
const shop = `
reference: shop
name: Sophie Sow
kind: voice
language: en
model: { flow: reception, provider: none }
greeting: { text: "Hello, I am **Sophie**. How can I help you?" }
chat: { suggestions: ["What are your opening hours?", "Where are you?"], color: "#4a148c" }
embed: { enabled: true, domains: ["localhost"] }
`;

const test = base.extend<{ site: HostSite }>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the names of fixtures from the pattern
  site: async ({}, use) => {
    const site = await new HostSite().start();
    await use(site);
    await site.stop();
  },
});

test.use({ ...browserWith({ microphone: 'speaksLate' }), arrangement: { files: { 'data/agents/shop.yaml': shop } } });

const panel = (page: Page) => page.frameLocator('iframe[title*="Sophie"]');

/** What a careful site allows, and nothing else: no style of its own making, no evaluation, no HTML from text. */
const strict = (server: string) =>
  `default-src 'none'; script-src ${server} 'nonce-test'; style-src 'self'; connect-src ${server}; frame-src ${server}; base-uri 'none'; require-trusted-types-for 'script'`;

const hostilePage = (server: string) => `<!doctype html><html lang="en"><head><title>Shop</title><link rel="stylesheet" href="/hostile.css">
<script nonce="test">
  for (const name of ['forEach', 'map', 'filter', 'push', 'indexOf', 'join', 'slice', 'concat', 'reduce', 'includes']) Array.prototype[name] = () => { throw new Error('the page broke Array.prototype.' + name); };
  Array.prototype[Symbol.iterator] = () => { throw new Error('the page broke iteration'); };
  Array.prototype.extra = 'enumerable';
  Object.prototype.polluted = 'yes';
  window.$ = window.t = window.e = 'taken';
</script></head><body><main><h1>Your order</h1><a href="#">Contact</a></main>
<script nonce="test" src="${server}/widget.js" data-agent="shop"></script></body></html>`;

test('a visitor of a hostile page with a strict policy writes and is answered', async ({ page, server, site }) => {
  site.show('/', { html: hostilePage(server.url), policy: strict(server.url) });
  await page.goto(site.origin());
  const button = page.getByRole('button', { name: 'Chat with Sophie Sow' });
  await button.click();
  const log = panel(page).getByRole('log');
  await expect(log).toContainText('Hello, I am Sophie.');
  await panel(page).getByRole('textbox', { name: 'Your message' }).fill('What are your opening hours?');
  await page.keyboard.press('Enter');
  await expect(log.locator('li.visitor')).toHaveText(/What are your opening hours\?/);
  await expect(log.locator('li.agent').nth(1)).toContainText(/open/i);
});

const plainPage = (server: string, script: string, lang = 'en') =>
  `<!doctype html><html lang="${lang}"><head><title>Shop</title></head><body><main><h1>Your order</h1><a href="#x">Contact</a></main>${script.replaceAll('HOST', server)}</body></html>`;

test('by keyboard only: opened, asked, answered, closed; kept when the page is loaded again', async ({ page, server, site }) => {
  site.show('/', { html: plainPage(server.url, '<script src="HOST/widget.js" data-agent="shop"></script>') });
  await page.goto(site.origin());
  const button = page.getByRole('button', { name: 'Chat with Sophie Sow' });
  await button.waitFor();
  await page.keyboard.press('Tab');
  await page.keyboard.press('Tab');
  await expect(button).toBeFocused();
  await page.keyboard.press('Enter');
  const field = panel(page).getByRole('textbox', { name: 'Your message' });
  await expect(field).toBeFocused();
  await accessible(page, 'the panel on a page');
  await page.keyboard.type('What are your opening hours?');
  await page.keyboard.press('Enter');
  const log = panel(page).getByRole('log', { name: 'Conversation' });
  await expect(log.locator('li.agent').nth(1)).toContainText('nine to six');
  await expect(panel(page).getByRole('status')).toContainText('nine to six');

  // Round and round, and out by Escape.
  const names = new Set<string>();
  for (let i = 0; i < 8; i++) {
    await page.keyboard.press('Tab');
    names.add(await panel(page).locator(':focus').evaluate((e) => e.getAttribute('aria-label') ?? ''));
  }
  expect([...names].sort()).toEqual(['Attach a file', 'Close', 'Conversation', 'Send', 'Speak instead', 'Start again', 'Your message']);
  await page.keyboard.press('Escape');
  await expect(button).toBeFocused();
  await expect(page.locator('iframe')).toBeHidden();

  await button.click();
  await page.reload();
  await expect(log.locator('li.agent').nth(1)).toContainText('nine to six');
  await panel(page).getByRole('button', { name: 'Start again' }).click();
  await expect(log.locator('li')).toHaveCount(1);
});

test('the page’s own code has the documented names, events and several widgets', async ({ page, server, site }) => {
  site.show('/', { html: plainPage(server.url, '<script>window.before = Object.keys(window)</script><script src="HOST/static/js/text-agent-widget.js"></script>') });
  await page.goto(site.origin());
  expect(await page.evaluate(() => Object.keys(window).filter((k) => !(window as never as { before: string[] }).before.includes(k) && k !== 'before'))).toEqual(['Griot', 'WakaTextAgent', 'WakaVoice']);
  const seen = await page.evaluate(async () => {
    // biome-ignore lint/suspicious/noExplicitAny: the page of a customer has no types
    const w = window as any;
    const seen: string[] = [];
    const answered = new Promise<void>((done) => {
      w.WakaTextAgent.on('ready', () => seen.push('ready'));
      w.WakaTextAgent.init({
        agentId: 'shop',
        position: 'bottom-left',
        primaryColor: '#ffd500',
        welcomeMessage: 'Bonjour !',
        locale: 'fr',
        onMessage: (m: { role: string; content: string }) => {
          seen.push(`${m.role}: ${m.content}`);
          if (m.role === 'assistant') done();
        },
      });
    });
    w.Griot.voice.init({ agentId: 'shop', position: 'bottom-left' });
    w.WakaTextAgent.sendMessage('What are your opening hours?');
    await answered;
    w.WakaTextAgent.on('ready', () => seen.push('late ready'));
    await new Promise((done) => setTimeout(done));
    return seen;
  });
  expect(seen[0]).toBe('ready');
  expect(seen[1]).toBe('user: What are your opening hours?');
  expect(seen[2]).toContain('assistant: We are open from nine to six');
  expect(seen[3]).toBe('late ready');
  await expect(panel(page).getByRole('log')).toContainText('Bonjour !');
  await expect(panel(page).getByRole('textbox', { name: 'Votre message' })).toBeVisible();
  await expect(page.getByRole('button', { name: 'Talk to Sophie Sow' })).toBeVisible();
  // biome-ignore lint/suspicious/noExplicitAny: likewise
  await page.evaluate(() => (window as any).Griot.text.close());
  await expect(page.getByRole('button', { name: 'Écrire à Sophie Sow' })).toBeVisible();
  await page.evaluate(() => {
    // biome-ignore lint/suspicious/noExplicitAny: likewise
    const w = window as any;
    w.Griot.text.destroy();
    w.Griot.voice.destroy();
  });
  await expect(page.getByRole('button')).toHaveCount(0);
});

for (const [lang, words] of Object.entries({ en: 'Your message', fr: 'Votre message', es: 'Su mensaje' })) {
  test(`speaks ${lang} as the page does, light and dark, on a telephone too`, async ({ page, server, site }) => {
    site.show('/', { html: plainPage(server.url, '<script src="HOST/widget.js" data-agent="shop"></script>', lang) });
    for (const [scheme, width] of [['light', 1440], ['dark', 390]] as const) {
      await page.emulateMedia({ colorScheme: scheme });
      await page.setViewportSize({ width, height: 844 });
      await page.goto(site.origin());
      if (scheme === 'light') await page.getByRole('button', { name: 'Sophie Sow' }).click();
      await expect(panel(page).getByRole('textbox', { name: words })).toBeVisible();
      await accessible(page, `${lang} ${scheme}`);
      await page.screenshot({ path: `test-results/embed-${lang}-${scheme}.png` });
    }
  });
}

test('a page of another domain gets nothing, by script or by frame', async ({ page, server, site, complaints }) => {
  site.show('/', { html: plainPage(server.url, '<script src="HOST/widget.js" data-agent="shop"></script><iframe title="Sophie" src="HOST/embed/agent/shop"></iframe>') });
  const told = page.waitForEvent('console', (m) => m.text().includes('[griot]'));
  await page.goto(site.origin('127.0.0.1'));
  expect((await told).text()).toContain('Is this domain among those that the agent allows');
  await expect(page.getByRole('button')).toHaveCount(0);
  const frame = page.frames().find((f) => f !== page.mainFrame());
  expect(frame?.url()).not.toContain('/embed/agent/shop');
  complaints.length = 0;
});

test('a visitor speaks, sees what is heard, mutes and ends', async ({ page, server, site }) => {
  site.show('/', { html: plainPage(server.url, '<script src="HOST/widget.js" data-agent="shop" data-mode="voice"></script>') });
  await page.goto(site.origin());
  await page.getByRole('button', { name: 'Talk to Sophie Sow' }).click();
  const inside = panel(page);
  await expect(inside.getByText('Your microphone is on until you end the conversation')).toBeVisible();
  await accessible(page, 'before speaking');
  await inside.getByRole('button', { name: 'Start talking' }).click();
  const captions = inside.getByRole('log', { name: 'Captions' });
  await expect(captions.locator('li.agent').first()).toContainText('Sophie', { timeout: 20_000 });
  await expect(captions.locator('li.visitor').first()).toContainText('hours', { timeout: 30_000 });
  await expect(captions.locator('li.agent').nth(1)).toContainText('open', { timeout: 20_000 });
  await inside.getByRole('button', { name: 'Interrupt' }).click();
  await inside.getByRole('button', { name: 'Mute the microphone' }).click();
  await expect(inside.getByRole('button', { name: 'Unmute the microphone' })).toBeFocused();
  await page.screenshot({ path: 'test-results/embed-voice.png' });
  await accessible(page, 'while speaking');
  await inside.getByRole('button', { name: 'End', exact: true }).click();
  await expect(inside.getByText('The conversation has ended.')).toBeVisible();
  await inside.getByRole('button', { name: 'Write instead' }).click();
  await expect(inside.getByRole('textbox', { name: 'Your message' })).toBeFocused();
});
