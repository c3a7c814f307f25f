// Takes pictures of every screen, for a person to look at: node scripts/look.mjs [folder]. Needs dist/ and a Chromium.
import { mkdirSync, writeFileSync } from 'node:fs';
import { AxeBuilder } from '@axe-core/playwright';
import { chromium } from 'playwright-core';
import { start } from './mock.mjs';
import { conversation } from './mock-data.mjs';

const folder = process.argv[2] ?? 'look';
const only = process.argv[3];
mkdirSync(folder, { recursive: true });
const voice = `${folder}/voice.wav`;
writeFileSync(voice, said());
const mock = await start(0);
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--use-fake-ui-for-media-stream',
    '--use-fake-device-for-media-stream',
    `--use-file-for-fake-audio-capture=${voice}%noloop`,
    '--autoplay-policy=no-user-gesture-required',
  ],
});

/** A microphone's sound: silence, and now and then two seconds of something like speech. */
function said() {
  const rate = 48_000;
  const n = 40 * rate;
  const data = Buffer.alloc(44 + n * 2);
  data.write('RIFF', 0);
  data.writeUInt32LE(36 + n * 2, 4);
  data.write('WAVEfmt ', 8);
  data.writeUInt32LE(16, 16);
  data.writeUInt16LE(1, 20);
  data.writeUInt16LE(1, 22);
  data.writeUInt32LE(rate, 24);
  data.writeUInt32LE(rate * 2, 28);
  data.writeUInt16LE(2, 32);
  data.writeUInt16LE(16, 34);
  data.write('data', 36);
  data.writeUInt32LE(n * 2, 40);
  for (let i = 0; i < n; i++) {
    const t = i / rate;
    const speaking = (t > 6.5 && t < 8.6) || (t > 12.6 && t < 14.2) || t > 30;
    const tone = Math.sin(2 * Math.PI * 140 * t + 3 * Math.sin(t * 30)) + 0.5 * Math.sin(2 * Math.PI * 700 * t);
    const loud = speaking ? 9000 * (0.35 + 0.65 * Math.abs(Math.sin(t * 8.1) * Math.cos(t * 1.9))) : 3;
    data.writeInt16LE(Math.round((loud * tone) / 1.5), 44 + i * 2);
  }
  return data;
}

const talk = (wait) => async (page) => {
  await page
    .getByRole('link', { name: /Reception|Accueil/ })
    .first()
    .waitFor();
  await page.locator('a[href*="reception-en/session"]').first().click();
  await page.getByRole('log').waitFor();
  await wait(page);
};

const screens = {
  gallery: { path: '/agents/gallery' },
  before: { path: '/agents/reception-en/session' },
  session: {
    path: '/agents/gallery',
    act: talk((page) =>
      page
        .locator('s.unheard')
        .first()
        .waitFor({ timeout: 20_000 })
        .then(() => page.waitForTimeout(3500)),
    ),
  },
  written: {
    path: '/agents/gallery',
    act: async (page) => {
      await page.locator('a[href*="reception-fr/session"]').first().click();
      await page.getByRole('log').waitFor();
      await page.waitForTimeout(2500);
      await page.locator('form input').fill('Quels sont vos horaires ?');
      await page.keyboard.press('Enter');
      await page.locator('[aria-expanded=false]', { hasText: /Touches|Keypad|Teclado/ }).click();
      await page.waitForTimeout(2500);
    },
  },
  events: {
    path: '/agents/gallery',
    act: talk(async (page) => {
      await page.waitForTimeout(3000);
      await page.getByRole('tab').nth(1).click();
      await page.waitForTimeout(600);
    }),
  },
  ended: {
    path: '/agents/gallery',
    act: talk(async (page) => {
      await page.waitForTimeout(1500);
      await page.getByRole('button', { name: /^(Terminer|Terminar|End)$/ }).click();
      await page.waitForTimeout(300);
    }),
  },
  history: { path: '/agents/voice-history' },
  nothing: { path: '/agents/voice-history?agent=nobody' },
  conversation: {
    path: `/agents/voice-history/${conversation.id}`,
    act: async (page) => {
      await page.getByRole('button', { name: /00:10/ }).first().click();
      await page.waitForTimeout(500);
    },
  },
  delete: {
    path: `/agents/voice-history/${conversation.id}`,
    act: async (page) => {
      await page.getByRole('button', { name: /^(Supprimer|Delete|Eliminar)$/ }).click();
      await page.waitForTimeout(400);
    },
  },
  missing: { path: '/agents/voice-history/nobody' },
  nowhere: { path: '/nowhere' },
};

let faults = 0;
async function look(name, { width, height, scheme, language }) {
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: scheme, locale: language });
  const page = await context.newPage();
  const complaints = [];
  page.on('console', (m) => ['error', 'warning'].includes(m.type()) && complaints.push(m.text()));
  page.on('pageerror', (e) => complaints.push(String(e)));
  await page.goto(`${mock.url}${screens[name].path}`);
  await page.locator('h1').first().waitFor({ state: 'attached' });
  await page.waitForTimeout(400);
  try {
    await screens[name].act?.(page);
  } catch (e) {
    complaints.push(String(e));
  }
  const label = `${name}-${width}-${scheme}-${language.slice(0, 2)}`;
  await page.screenshot({ path: `${folder}/${label}.png` });
  const wide = await page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth);
  if (wide) complaints.push('the page scrolls sideways');
  const said = [...complaints]; // axe itself breaks the policy inside shadow roots
  const { violations } = await new AxeBuilder({ page })
    .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'])
    .analyze();
  for (const v of violations) {
    faults++;
    console.log(
      `${label}: axe ${v.id}: ${v.nodes
        .slice(0, 4)
        .map((n) => `${n.target.join(' ')} ${n.any[0]?.message ?? ''}`)
        .join('\n    ')}`,
    );
  }
  for (const c of said) {
    if (c.includes('404')) continue;
    faults++;
    console.log(`${label}: ${c}`);
  }
  await context.close();
}

const wanted = only ? only.split(',') : Object.keys(screens);
for (const name of wanted) {
  await look(name, { width: 1440, height: 900, scheme: 'light', language: 'fr-FR' });
  await look(name, { width: 1440, height: 900, scheme: 'dark', language: 'fr-FR' });
  await look(name, { width: 390, height: 844, scheme: 'light', language: 'en-GB' });
  await look(name, { width: 320, height: 640, scheme: 'dark', language: 'es-ES' });
}
await browser.close();
mock.close();
console.log(faults ? `${faults} faults` : 'no faults');
process.exit(faults ? 1 : 0);
