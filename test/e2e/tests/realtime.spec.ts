import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Page } from '@playwright/test';
import { accessible } from '../lib/axe.ts';
import { browserWith, expect, goTo, test } from '../lib/test.ts';

const run = promisify(execFile);

test.use({ ...browserWith({ microphone: 'interrupts' }), permissions: ['clipboard-read', 'clipboard-write'] });

// Why a call ended is in its record, and in what the server printed.
test.afterEach(async ({ api, server }, info) => {
  if (info.status === info.expectedStatus) return;
  const [last] = await api.conversations();
  const record = last && { call: await api.conversation(last.id), events: await api.events(last.id) };
  await info.attach('last call', { body: JSON.stringify(record, null, 1), contentType: 'application/json' });
  await info.attach('server', { body: server.output, contentType: 'text/plain' });
});

const figure = (page: Page, name: string) =>
  page.getByRole('region', { name: 'Statistics' }).getByRole('definition').nth(['Calls', 'Ended', 'Mean duration', 'Events'].indexOf(name));
const number = async (page: Page, name: string) => Number.parseInt(await figure(page, name).innerText(), 10);
const calls = (page: Page) => page.getByRole('table', { name: 'Calls' }).getByRole('row').filter({ has: page.getByRole('link') });

/** Waits until the page's player plays something that can be heard. */
async function audible(page: Page): Promise<void> {
  await page.evaluate(async () => {
    const player = document.querySelector('audio');
    if (!player || player.paused || !(player.srcObject instanceof MediaStream)) throw new Error('nothing is being played');
    const context = new AudioContext();
    const analyser = context.createAnalyser();
    context.createMediaStreamSource(player.srcObject).connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    await new Promise<void>((resolve) => {
      const look = () => {
        analyser.getFloatTimeDomainData(samples);
        if (samples.some((s) => Math.abs(s) > 0.03)) resolve();
        else requestAnimationFrame(look);
      };
      look();
    });
    await context.close();
  });
}

test('a call is created, heard, followed and ended on the page', async ({ page, server }) => {
  await page.goto('/');
  await goTo(page, 'Dashboards', 'Realtime calls');
  await expect(page).toHaveURL(`${server.url}/realtime-api.html`);
  await expect(page.getByText('No calls', { exact: true })).toBeVisible();
  await accessible(page, 'no calls');

  // Create.
  const form = page.getByRole('complementary', { name: 'New call' });
  await expect(form.getByRole('combobox', { name: 'Agent or model' })).toHaveValue('agent:reception-en');
  await form.getByRole('combobox', { name: 'Voice' }).fill('echo');
  await page.keyboard.press('Escape');
  await form.getByRole('button', { name: 'Create the call' }).click();
  await expect(form.getByText('Connected', { exact: true })).toBeVisible();

  await expect(form.getByRole('log')).toContainText('Maison Baobab');

  // It is in the list and in the figures.
  await expect(calls(page)).toHaveCount(1);
  await expect(calls(page).first()).toContainText('this page');
  await expect(calls(page).first()).toContainText('echo');
  await expect(calls(page).first()).toContainText('Under way');
  await expect(figure(page, 'Calls')).toContainText('1 under way');
  const before = await number(page, 'Events');

  // What the person in the microphone says comes back as words, and moves the figures.
  await expect(form.getByRole('log')).toContainText('hours', { timeout: 30_000 });
  await expect.poll(() => number(page, 'Events'), { timeout: 15_000 }).toBeGreaterThan(before);
  await expect(form.getByText('opus')).toBeVisible();

  // Its events, as they happen.
  await calls(page).first().getByRole('link').click();
  await expect(page).toHaveURL(/call=rtc_/);
  const detail = page.getByRole('region', { name: 'Call', exact: true });
  const log = detail.getByRole('region', { name: 'Events' });
  await expect(log.getByRole('button').first()).toBeVisible();
  const count = async () => Number.parseInt((await detail.getByText(/^\d+ of \d+$/).innerText()).split(' ')[0] ?? '', 10);
  const shown = await count();
  await form.getByRole('textbox', { name: 'Write to the agent' }).fill('Thank you');
  await page.keyboard.press('Enter');
  await expect(form.getByRole('log')).toContainText('Thank you');
  await audible(page);
  await expect.poll(count, { timeout: 15_000 }).toBeGreaterThan(shown);
  await detail.getByRole('combobox', { name: 'Type of event' }).selectOption('call.created');
  await log.getByRole('button').click();
  await expect(log).toContainText('"voice": "echo"');
  await accessible(page, 'a call and its events');

  // Muted and opened again.
  const mute = form.getByRole('button', { name: 'Mute the microphone' });
  await mute.click();
  await expect(mute).toHaveAttribute('aria-pressed', 'true');
  await mute.click();
  await expect(mute).toHaveAttribute('aria-pressed', 'false');

  // Ended from the list: the page's own end of it notices.
  await detail.getByRole('button', { name: /^End call/ }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'End the call' }).click();
  await expect(form.getByText('The server ended the call.')).toBeVisible();
  await expect(detail.getByText('hung up')).toBeVisible();
  await expect(detail.getByRole('combobox', { name: 'Type of event' })).toContainText('call.ended');
  await detail.getByRole('button', { name: 'Back to the list' }).click();
  await expect(calls(page).first()).toContainText('Ended');
  await expect(figure(page, 'Ended')).toContainText('1');
  await page.getByText('Under way', { exact: true }).first().click();
  await expect(page.getByText('No call matches')).toBeVisible();
  await expect(page).toHaveURL(/status=active/);
  await page.getByRole('button', { name: 'Show all calls' }).click();
  await expect(calls(page)).toHaveCount(1);
});

test('what the server refuses is said at its field, and the next try works without a microphone', async ({ page, complaints }) => {
  await page.goto('/realtime-api.html');
  const form = page.getByRole('complementary', { name: 'New call' });
  const temperature = form.getByRole('textbox', { name: 'Temperature' });
  await temperature.fill('3');
  await form.getByRole('button', { name: 'Create the call' }).click();
  await expect(form.getByText('The temperature goes from 0.6 to 1.2.')).toBeVisible();
  await expect(temperature).toHaveAttribute('aria-invalid', 'true');
  await expect(temperature).toBeFocused();
  await accessible(page, 'a refused call');
  await temperature.fill('0.9');
  const model = form.getByRole('combobox', { name: 'Agent or model' });
  await model.fill('agent:nobody');
  await form.getByRole('button', { name: 'Create the call' }).click();
  await expect(form.getByText('No agent or model of this server has this name.')).toBeVisible();
  await expect(model).toBeFocused();
  expect(complaints.filter((c) => !/status of 40[04]/.test(c))).toEqual([]);
  complaints.length = 0; // the browser reports each refusal

  await model.fill('agent:reception-fr');
  await form.getByRole('button', { name: 'Without a microphone' }).click();
  await expect(form.getByText('Connected', { exact: true })).toBeVisible();
  await form.getByRole('button', { name: 'Hang up' }).click();
  await expect(form.getByText('You hung up.')).toBeVisible();
  await expect(calls(page).first()).toContainText('Ended');
});

const titles = { FR: 'Appels en temps réel', ES: 'Llamadas en tiempo real', EN: 'Realtime calls' } as const;

for (const theme of ['light', 'dark'] as const) {
  test(`it has no obstacle in three languages, wide and narrow, ${theme}`, async ({ page }) => {
    await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
    await page.goto('/realtime-api.html');
    for (const [language, title] of Object.entries(titles)) {
      await page.setViewportSize({ width: 1440, height: 900 }); // narrow, the languages are behind the navigation's button
      await page.getByRole('button', { name: language, exact: true }).click();
      await expect(page.getByRole('heading', { level: 1 })).toHaveText(title);
      await expect(page).toHaveTitle(new RegExp(title));
      for (const width of [1440, 320]) {
        await page.setViewportSize({ width, height: 900 });
        await accessible(page, `${language} at ${width}`);
      }
    }
    await page.setViewportSize({ width: 1440, height: 900 });
    const form = page.getByRole('complementary', { name: 'New call' });
    await form.getByRole('button', { name: 'Without a microphone' }).click();
    await expect(form.getByText('Connected', { exact: true })).toBeVisible();
    await accessible(page, 'a call without a microphone');
    await form.getByRole('button', { name: 'See the events' }).press('Enter');
    await expect(page.getByRole('heading', { name: 'Call', exact: true })).toBeFocused();
    await accessible(page, 'its events');
    await form.getByRole('button', { name: 'Hang up' }).press('Enter');
    await form.getByRole('button', { name: 'New call' }).press('Enter');
    await expect(form.getByRole('heading', { name: 'New call' })).toBeFocused();
  });
}

/** The code of a tab, as the button gives it. */
async function copied(page: Page, tab: string): Promise<string> {
  await page.getByRole('tab', { name: tab, exact: true }).click();
  await page.getByRole('button', { name: 'Copy the code' }).click();
  await expect(page.getByRole('button', { name: 'Copied' })).toBeVisible();
  return page.evaluate(() => navigator.clipboard.readText());
}

test('the code of every language can be copied, and works', async ({ page, server }) => {
  await page.goto('/realtime-api.html');
  await expect(page.getByRole('combobox', { name: 'Agent or model' })).toHaveValue('agent:reception-en');
  await page.getByRole('textbox', { name: 'Instructions' }).fill('Say "it\'s me"');
  const said: string[] = [];
  page.on('console', (m) => said.push(m.text()));

  const webrtc = await copied(page, 'JavaScript · WebRTC');
  expect(webrtc).toContain(`${server.url}/api/realtime/calls`);
  await page.evaluate(`(async () => {${webrtc}\nwindow.hangUp = hangUp;})()`);
  await expect.poll(() => said).toContain('session.created');
  await expect(calls(page).first()).toContainText('Under way');
  await page.evaluate('window.hangUp()');
  await expect(calls(page).first()).toContainText('Ended');

  said.length = 0;
  await page.evaluate(`(async () => {${await copied(page, 'JavaScript · WebSocket')}})()`);
  await expect.poll(() => said.join('\n'), { timeout: 20_000 }).toMatch(/Agent: .*open/);

  const folder = mkdtempSync(join(tmpdir(), 'griot-code-'));
  try {
    writeFileSync(join(folder, 'client.sh'), await copied(page, 'curl'));
    const { stdout } = await run('bash', ['-eu', 'client.sh'], { cwd: folder, timeout: 30_000 });
    const answers = stdout.trim().split('\n').filter(Boolean).map((l) => JSON.parse(l) as { success: boolean; call?: { status: string }; session?: object });
    expect(answers.map((a) => a.success)).toEqual(answers.map(() => true));
    expect(answers).toHaveLength(6);
    expect(answers[0]?.session).toMatchObject({ instructions: 'Say "it\'s me"' });
    expect(answers.at(-1)?.call?.status).toBe('ended');

    writeFileSync(join(folder, 'client.py'), await copied(page, 'Python'));
    await run('python3', ['-m', 'py_compile', 'client.py'], { cwd: folder });
    const whole = await run('python3', ['-c', 'import requests, aiortc']).then(
      () => true,
      () => false,
    );
    if (whole) {
      const out = await run('python3', ['client.py'], { cwd: folder, timeout: 60_000 });
      expect(out.stdout).toContain('session.created');
      expect(out.stdout).toMatch(/Ended after \d+ s/);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
