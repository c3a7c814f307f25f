import type { Page } from '@playwright/test';
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

test.use({ ...browserWith({ microphone: 'hours' }), arrangement: { files: { 'data/agents/shop.yaml': shop } } });

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
