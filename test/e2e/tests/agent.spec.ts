import type { Locator, Page } from '@playwright/test';
import type { ConversationDetail, LoggedEvent } from '../lib/api.ts';
import { accessible } from '../lib/axe.ts';
import { readWav } from '../lib/sound.ts';
import { browserWith, expect, goTo, test } from '../lib/test.ts';

test.use(browserWith({ microphone: 'interrupts' }));
// It talks in real time: a machine that is busy with something else gets another chance.
test.describe.configure({ retries: 2 });
test.setTimeout(150_000);

const admin = { name: 'Awa Diop', email: 'awa@example.org', password: 'seven calm zebras' };
const viewer = { name: 'Vera Vidal', email: 'vera@example.org', password: 'quiet green teapots' };
const facts = ['Maison Baobab', 'Monday to Saturday, nine to six', '12 Lime Tree Street', 'teas and tea pots', 'shop, orders'];
const greeting = `Hello and welcome to ${facts[0]}. I am the virtual assistant. How may I help you?`;

/** Most clicks from the end of the first start to a conversation with an agent of one's own. */
const mostClicks = 10;

test('from the first start to an agent of one’s own that is spoken to, interrupted, replayed, changed back, and shown to a viewer', async ({ page, browser, server, complaints }) => {
  // The first start.
  await page.goto('/setup');
  await page.getByRole('textbox', { name: 'Your name' }).fill(admin.name);
  await page.getByRole('textbox', { name: 'E-mail address' }).fill(admin.email);
  await page.getByRole('textbox', { name: 'Password' }).fill(admin.password);
  await page.getByRole('textbox', { name: /^Organisation/ }).fill('Nova');
  await page.getByRole('button', { name: 'Make the account' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'What your agents talk with' })).toBeVisible();

  // From here on each click counts.
  let clicks = 0;
  const click = async (target: Locator) => {
    await target.click();
    clicks++;
  };
  const step = (name: string) => page.getByRole('heading', { level: 2, name });
  await click(page.getByRole('button', { name: 'Continue' }));
  await click(page.getByRole('link', { name: 'Reception', exact: true }));

  // Five steps.
  await expect(page).toHaveURL(/\/agents\/unified\/create\?.*template=reception/);
  await expect(step('The model that answers')).toBeVisible();
  await expect(page.getByRole('radio', { name: /reception/ })).toBeChecked();
  await click(page.getByRole('button', { name: 'Next: Voice' }));
  await expect(step('How your agent will speak')).toBeVisible();
  await expect(page.getByRole('radio', { name: /^Automatic/ })).toBeChecked();
  await click(page.getByRole('button', { name: 'Next: Tools' }));
  await expect(step('What it can do besides talking')).toBeVisible();
  await click(page.getByRole('button', { name: 'Next: Instructions' }));
  await click(page.getByRole('textbox', { name: /^The company/ }));
  for (const fact of facts) {
    await page.keyboard.type(fact);
    await page.keyboard.press('Tab');
  }
  await click(page.getByRole('button', { name: 'Next: Publish' }));
  await expect(page.getByRole('textbox', { name: 'Name of the agent' })).toHaveValue('Reception');
  await expect(page.getByText('This name is free.')).toBeVisible();
  await expect(page.getByText(/^Draft saved · Agent-000001/)).toBeVisible();
  await click(page.getByRole('button', { name: 'Publish the agent' }));
  await expect(page.getByRole('heading', { name: /^Reception is live/ })).toBeVisible();
  await click(page.getByRole('link', { name: 'Talk to Reception' }));

  // The conversation, which begins by itself.
  const agent = page.getByRole('log').locator('article[data-kind="agent"]');
  const caller = page.getByRole('log').locator('article[data-kind="caller"]');
  await expect(agent.nth(0).locator('.heard')).toHaveText(greeting, { timeout: 25_000 });
  await expect(caller.nth(0)).toContainText('hours', { timeout: 20_000 });
  await expect(agent.nth(1).locator('.heard')).toContainText('We are open', { timeout: 20_000 });
  expect(clicks, 'clicks from the first start to a spoken conversation').toBeLessThanOrEqual(mostClicks);

  // The interruption: the rest is struck.
  await expect(agent.nth(1).locator('s.unheard')).not.toBeEmpty({ timeout: 20_000 });
  await expect(agent.nth(1)).toContainText(/Interrupted after \d+\.\d\ss · the end was not heard/);
  await expect(agent.nth(2).locator('.heard')).not.toBeEmpty({ timeout: 20_000 });
  const shown = await words(agent.nth(1));
  await page.getByRole('button', { name: 'End', exact: true }).click();
  await expect(page.getByText('You ended the conversation.')).toBeVisible();

  // The history has it, as it was heard, and plays it again.
  await goTo(page, 'Galleries', 'Conversations');
  await expect(page.getByRole('heading', { level: 1, name: 'Conversations' })).toBeVisible();
  const row = page.getByRole('row').filter({ has: page.getByRole('link', { name: /Open the conversation/ }) });
  await expect(row).toHaveCount(1);
  await expect(row).toContainText('Reception');
  await row.getByRole('link', { name: /Open the conversation/ }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Conversation with Reception');
  expect(await words(agent.nth(1))).toEqual(shown);
  const id = new URL(page.url()).pathname.split('/').at(-1) ?? '';
  const record = (await (await page.request.get(`/api/conversations/${id}`)).json()) as ConversationDetail;
  const cut = record.transcript[2];
  expect(cut).toMatchObject({ role: 'agent', cut: true, heard: shown.heard });
  expect(`${shown.heard}${shown.unheard}`).toBe(cut?.said);
  await checkCut(page, id, cut?.item ?? '');
  const player = page.getByRole('region', { name: 'Recording' });
  await player.getByRole('button', { name: 'Play' }).click();
  const position = player.getByRole('slider', { name: 'Position in the recording' });
  await expect.poll(async () => Number(await position.inputValue())).toBeGreaterThan(500);
  await player.getByRole('button', { name: 'Pause' }).click();

  // A change, and the way back.
  await goTo(page, 'Galleries', 'Agents');
  await page.getByRole('link', { name: 'Edit Reception', exact: true }).click();
  await page.getByRole('button', { name: /Instructions/ }).click();
  await page.getByRole('textbox', { name: 'Greeting' }).fill('Good day.');
  await expect(page.getByText('Changes to be saved in the last step')).toBeVisible();
  await page.getByRole('button', { name: 'Next: Publish' }).click();
  await page.getByRole('button', { name: 'Save the changes' }).click();
  await expect(page.getByRole('heading', { name: /^Reception is saved/ })).toBeVisible();
  await page.getByRole('link', { name: 'See the agent' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Reception' })).toBeVisible();
  await expect(page.getByText('Good day.')).toBeVisible();
  await accessible(page, 'an agent');
  await page.getByRole('tab', { name: 'Versions' }).click();
  const versions = page.getByRole('list', { name: 'Versions' }).getByRole('button');
  await expect(page.getByRole('row', { name: /^Greeting/ })).toContainText('Good day.');
  const before = await versions.count(); // they are there by now
  await accessible(page, 'versions of an agent');
  await versions.nth(1).click();
  await page.getByRole('button', { name: 'Back to this version' }).click();
  await expect(page.getByText(/^The agent is as in version \d+ again; this is version \d+\.$/)).toBeVisible();
  await expect(versions).toHaveCount(before + 1); // nothing is taken out of the list
  await page.getByRole('tab', { name: 'Overview' }).click();
  await expect(page.getByText(greeting)).toBeVisible();

  // Somebody who may look.
  await page.goto('/settings/people');
  await page.getByRole('button', { name: 'Invite' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('textbox', { name: 'E-mail address' }).fill(viewer.email);
  await dialog.getByRole('radio', { name: 'Viewer' }).check();
  await dialog.getByRole('button', { name: 'Make the link' }).click();
  const link = await dialog.getByRole('textbox', { name: 'Link of the invitation' }).inputValue();
  const context = await browser.newContext({ baseURL: server.url, locale: 'en-GB', timezoneId: 'UTC', viewport: { width: 1440, height: 900 } });
  const other = await context.newPage();
  await other.goto(link);
  await other.getByRole('textbox', { name: 'Your name' }).fill(viewer.name);
  await other.getByRole('textbox', { name: 'Choose a password' }).fill(viewer.password);
  await other.getByRole('button', { name: 'Accept the invitation' }).click();
  await expect(other.getByRole('button', { name: 'Account: Vera Vidal' })).toBeVisible();
  await other.goto('/agents/gallery');
  for (const name of ['Create an agent', 'Talk to Reception', 'Edit Reception', 'Duplicate Reception', 'Delete Reception']) {
    await expect(other.getByRole('button', { name, exact: true })).toBeDisabled();
  }
  await accessible(other, 'agents for a viewer');
  await other.getByRole('link', { name: 'Reception', exact: true }).click();
  await expect(other.getByText(greeting)).toBeVisible();
  for (const name of ['Talk to Reception', 'Edit', 'Back to draft', 'Duplicate', 'Delete']) {
    await expect(other.getByRole('button', { name, exact: true })).toBeDisabled();
  }
  await accessible(other, 'an agent for a viewer');
  await other.goto('/agents/unified/create?agent=Agent-000001');
  await expect(other.getByText('For managers and administrators.')).toBeVisible();
  await expect(other.getByRole('textbox')).toHaveCount(0);
  await other.goto(`/agents/voice-history/${id}`);
  await expect(other.getByRole('log').locator('article').first()).toBeVisible();
  const statusOf = (method: string, path: string, body: object = {}) =>
    other.evaluate(
      async ([m, p, b]) => (await fetch(p, { method: m, body: JSON.stringify(b), headers: { 'Content-Type': 'application/json' } })).status,
      [method, path, body] as const,
    );
  expect(await statusOf('PATCH', '/api/agents/Agent-000001', { definition: { name: 'Mine' } })).toBe(403);
  expect(await statusOf('POST', '/api/agents/Agent-000001/rollback', { version: 1 })).toBe(403);
  expect(await statusOf('DELETE', '/api/agents/Agent-000001')).toBe(403);
  await context.close();
  complaints.length = 0; // the browser reports the refusals
});

/** What of a line was heard, and what was not. */
async function words(line: Locator): Promise<{ heard: string; unheard: string }> {
  const texts = async (what: string) => (await line.locator(what).allTextContents()).join('');
  return { heard: await texts('.heard'), unheard: await texts('s.unheard') };
}

/** The recording goes no further than the words that the record says were heard. */
async function checkCut(page: Page, id: string, item: string): Promise<void> {
  const { items } = (await (await page.request.get(`/api/conversations/${id}/events`)).json()) as { items: LoggedEvent[] };
  const said = items.filter((e) => e.type === 'agent.said').map((e) => e.body as { item: string; upto_ms: number });
  const upto = said.find((s) => s.item === item)?.upto_ms ?? -1;
  expect(upto, 'the record says how much was heard').toBeGreaterThan(1000);
  const [left, right] = readWav(await (await page.request.get(`/api/conversations/${id}/recording`)).body());
  if (!left || !right) throw new Error('the recording has not two channels');
  const [question] = left.stretches(300);
  const answered = right.stretches(900).find((s) => s.from > (question?.to ?? 0));
  if (!answered) throw new Error('the answer is not in the recording');
  expect(Math.abs(answered.to - answered.from - upto), `${answered.to - answered.from} ms recorded, ${upto} ms heard`).toBeLessThanOrEqual(150);
}
