import { readFileSync } from 'node:fs';
import { HostSite } from '../lib/host.ts';
import { root } from '../lib/paths.ts';
import { test as base, browserWith, expect } from '../lib/test.ts';

// The specification's examples of embedding (7.8 and 10), as they are printed but for the host and the agent.

const shop = `
reference: shop
name: Sophie Sow
language: fr
model: { flow: reception, provider: none }
greeting: { text: "Bonjour, ici Sophie." }
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

test.use({ ...browserWith({ microphone: 'speaksLate' }), locale: 'fr-FR', arrangement: { files: { 'data/agents/shop.yaml': shop } } });

const printed = (file: string, server: string) =>
  readFileSync(`${root}/test/e2e/specification/${file}`, 'utf8')
    .replaceAll(/https:\/\/wakavoice(\.example)?\.com/g, server)
    .replaceAll(/agent-uuid-789|agent-uuid|xxx|\{id\}/g, 'shop');

const pageOf = (body: string) =>
  `<!doctype html><html lang="fr"><head><title>Boutique</title></head><body><h1>Boutique</h1>${body}</body></html>`;

test('7.8: the frame, the script and its calls', async ({ page, server, site }) => {
  const told: string[] = [];
  page.on('console', (m) => told.push(m.text()));
  site.show('/', { html: pageOf(printed('embed-text.html', server.url)) });
  await page.goto(site.origin());
  await expect(page.getByRole('button', { name: 'Écrire à Sophie Sow' })).toBeVisible();

  const framed = page.frameLocator('iframe[src*="/text-agents/shop/embed"]');
  await expect(framed.getByRole('log')).toContainText('Bonjour, ici Sophie.');
  expect(await page.evaluate(() => document.activeElement?.tagName)).toBe('BODY'); // a frame leaves the focus to the page
  await framed.getByRole('textbox', { name: 'Votre message' }).fill('Quels sont vos horaires ?');
  await page.keyboard.press('Enter');
  await expect(framed.getByRole('log').locator('li.agent').nth(1)).toContainText(/9 heures/);

  const widget = page.frameLocator('iframe[title*="Sophie"]');
  await page.getByRole('button', { name: 'Écrire à Sophie Sow' }).click();
  await expect(widget.getByRole('log')).toContainText('Bonjour ! Comment puis-je vous aider ?');
  await widget.getByRole('textbox', { name: 'Votre message' }).fill('Quels sont vos horaires ?');
  await page.keyboard.press('Enter');
  await expect(widget.getByRole('log').locator('li.agent').nth(1)).toContainText(/9 heures/);
  await expect.poll(() => told.filter((line) => line.startsWith('Message:')).length).toBeGreaterThanOrEqual(2);

  await page.evaluate(printed('embed-text-api.js', server.url));
  await expect(widget.getByRole('log').locator('li')).toHaveCount(1); // begun anew: what was asked before is gone
  await expect(widget.getByRole('log')).toContainText('Bonjour ! Comment puis-je vous aider ?');
});

test('10: the frame and the script of a voice', async ({ page, server, site }) => {
  site.show('/', { html: pageOf(printed('embed-voice.html', server.url)) });
  await page.goto(site.origin());
  await expect(page.frameLocator('iframe[src*="/embed/agent/shop"]').getByRole('textbox', { name: 'Votre message' })).toBeVisible();
  await page.getByRole('button', { name: 'Parler à Sophie Sow' }).click();
  await expect(page.frameLocator('iframe[title*="Sophie"]').getByRole('button', { name: /micro|parler|commencer/i }).first()).toBeVisible();
});
