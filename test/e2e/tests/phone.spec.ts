import { stat } from 'node:fs/promises';
import { Carrier } from '../lib/carrier.ts';
import { Scene } from '../lib/scene.ts';
import { browserWith, test as base, expect } from '../lib/test.ts';

// The phone assistant: a number gets its agent, a call is placed, seen and ended, a message is answered by an agent, a text is spoken and understood.

const test = base.extend<object, { carrier: Carrier }>({
  carrier: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the names of fixtures from the pattern
    async ({}, use) => {
      const carrier = await new Carrier().start();
      await use(carrier);
      await carrier.stop();
    },
    { scope: 'worker' },
  ],
  arrangement: [
    async ({ carrier }, use) => {
      const settings = {
        speech: { stt: 'pocketsphinx', tts: 'espeak' },
        twilio: { account_sid: carrier.account, auth_token: carrier.token, api_url: carrier.url, from: '+33123456789' },
      };
      await use({ args: ['--config', 'griot.yaml'], files: { 'griot.yaml': JSON.stringify(settings) } });
    },
    { scope: 'worker' },
  ],
});

test.use(browserWith());

let scene: Scene;

test.beforeAll(async ({ server }) => {
  scene = await new Scene(server, 'en').furnish();
});

test.beforeEach(async ({ context }) => {
  await scene.enter(context);
});

test('a carrier is tested, a number gets its agent, and callers are told of the recording', async ({ page, carrier }) => {
  await page.goto('/assistant-vocal?tab=config');
  const twilio = page.getByRole('region', { name: 'Twilio' });
  await expect(twilio.getByRole('list', { name: 'What Twilio needs' })).toContainText(carrier.account);
  await expect(twilio).toContainText('Twilio needs an https address');
  await twilio.getByRole('button', { name: 'Test Twilio' }).click();
  await expect(twilio.getByRole('list', { name: 'What Twilio answers' })).toContainText('Calls to +33123456789 come here');
  await expect(twilio).toContainText('It does not work yet');

  const numbers = page.getByRole('region', { name: 'Numbers' });
  await numbers.getByRole('textbox', { name: 'Number or extension' }).fill('+33 1 23 45 67 89');
  await numbers.getByRole('combobox', { name: 'Agent', exact: true }).selectOption({ index: 0 });
  await numbers.getByRole('textbox', { name: 'Label' }).fill('Front desk');
  await numbers.getByRole('button', { name: 'Add' }).click();
  await expect(numbers.getByText('+33123456789')).toBeVisible();
  await expect(numbers.getByText('Front desk')).toBeVisible();

  const consent = page.getByRole('region', { name: 'What callers are told first' });
  await consent.getByRole('switch', { name: 'Tell callers that they are recorded' }).press('Space');
  await consent.getByRole('textbox', { name: 'English' }).fill('You are recorded.');
  await consent.getByRole('button', { name: 'Save' }).click();
  await page.reload();
  await expect(page.getByRole('textbox', { name: 'English' })).toHaveValue('You are recorded.');
});

test('a call is placed, seen while it rings, ended, and found again', async ({ page, carrier }) => {
  await page.goto('/assistant-vocal');
  const place = page.getByRole('region', { name: 'Place a call' });
  await place.getByRole('textbox', { name: 'Number to call' }).fill('+33 6 12 34 56 78');
  await place.getByRole('button', { name: 'Call' }).click();
  const live = page.getByRole('region', { name: 'Calls in progress' });
  await expect(live.getByText('+33612345678')).toBeVisible();
  const sid = carrier.calls.at(-1)?.sid ?? '';
  expect(carrier.calls.at(-1)?.to).toBe('+33612345678');
  await carrier.tells(sid, 'ringing');
  await expect(live.getByText('Ringing')).toBeVisible();
  await live.getByRole('button', { name: 'Hang up' }).click();
  await expect(live.getByText('No call in progress')).toBeVisible();
  await page.getByRole('link', { name: 'History' }).click();
  const row = page.getByRole('row', { name: /\+33612345678/ });
  await expect(row).toContainText('Cancelled');
  await expect(row).toContainText(sid);
  await row.getByRole('link').click();
  await expect(page).toHaveURL(/voice-history\/.+/);
  await page.goBack();
  await page.getByRole('combobox', { name: 'Outcome' }).selectOption('Busy');
  await expect(page.getByText('Nothing matches')).toBeVisible();
});

test('what cannot be called is said beside the button', async ({ page, complaints }) => {
  await page.goto('/assistant-vocal');
  const place = page.getByRole('region', { name: 'Place a call' });
  await place.getByRole('textbox', { name: 'Number to call' }).fill('four');
  await place.getByRole('button', { name: 'Call' }).click();
  await expect(place.getByRole('alert')).toBeVisible();
  expect(complaints.splice(0).every((c) => c.includes('422'))).toBe(true); // the refusal that was asked for
});

test('a text message comes in, is answered by the agent, and leads to its conversation', async ({ page, carrier, server }) => {
  await scene.call('PUT', '/api/phone/numbers/+33123456789', { agent: 'reception-en' });
  await page.goto('/assistant-vocal?tab=history&list=messages');
  expect(await carrier.writes(server.url, '+33699887766', '+33123456789', 'Hello')).toBe(200);
  await expect.poll(() => carrier.messages.length, { timeout: 30_000 }).toBeGreaterThan(0);
  await page.reload();
  await expect(page.getByRole('row', { name: /\+33699887766/ }).filter({ hasText: 'Incoming' })).toContainText('Hello');
  await page.getByRole('link', { name: 'Open the conversation' }).first().click();
  await expect(page.getByText('Hello').first()).toBeVisible();
});

test('a text is spoken, downloaded and understood', async ({ page }) => {
  await page.goto('/assistant-vocal?tab=voice-test');
  const speak = page.getByRole('region', { name: 'Text to speech' });
  await speak.getByRole('textbox', { name: 'Text' }).fill('We are open from nine until five.');
  await speak.getByRole('slider', { name: 'Rate' }).press('ArrowRight');
  await speak.getByRole('button', { name: 'Listen' }).click();
  const download = page.waitForEvent('download');
  await speak.getByRole('link', { name: 'Download WAV' }).click();
  const file = await (await download).path();
  const packed = page.waitForEvent('download');
  await speak.getByRole('button', { name: 'Download MP3' }).click();
  const mp3 = await packed;
  expect(mp3.suggestedFilename()).toMatch(/\.mp3$/);
  expect((await stat(await mp3.path())).size).toBeLessThan((await stat(file)).size / 2);

  const listen = page.getByRole('region', { name: 'Speech to text' });
  await listen.getByText('File', { exact: true }).click();
  const chooser = page.waitForEvent('filechooser');
  await listen.getByRole('button', { name: 'Choose a file' }).click();
  await (await chooser).setFiles(file);
  await expect(listen.getByRole('status', { name: 'What was understood' })).toContainText(/pocketsphinx/);
});
