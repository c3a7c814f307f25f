import { heard, listenTo, soundAfter } from '../lib/probe.ts';
import { browserWith, expect, talkTo, test } from '../lib/test.ts';

test.use(browserWith({ record: true }));

test('an agent without a recogniser says so, and answers aloud what is typed and what is keyed', async ({
  page,
  api,
}) => {
  await listenTo(page);
  await page.goto('/agents/gallery');
  const card = page.getByRole('article', { name: 'Accueil (français)' });
  await expect(card).toContainText('No offline speech recognition for this language');
  await talkTo(page, 'Write to Accueil (français)');

  await expect(page.getByRole('status').filter({ hasText: 'No offline speech recognition' })).toBeVisible();
  const log = page.getByRole('log', { name: 'Transcript' });
  const agent = log.locator('article[data-kind="agent"]');
  const caller = log.locator('article[data-kind="caller"]');
  await expect(agent.nth(0).locator('.heard')).toHaveText(/^Bonjour, Maison Baobab, .*Comment puis-je vous aider\s\?$/, {
    timeout: 20_000,
  });

  const before = (await heard(page)).speaker.durationMs;
  await page.getByRole('textbox', { name: 'Your message' }).fill('Quels sont vos horaires ?');
  await page.keyboard.press('Enter');
  await expect(caller.nth(0)).toContainText('Quels sont vos horaires ?');
  await expect(caller.nth(0)).toContainText('typed');
  expect(await soundAfter(page, before), 'when the answer is heard').toBeGreaterThan(before);
  await expect(agent.nth(1).locator('.heard')).toContainText(/ouvert/i);
  await expect(agent.nth(1).locator('.ahead'), 'the answer is heard to its end').toHaveCount(0, { timeout: 30_000 });
  await expect(agent.nth(1).locator('s.unheard')).toHaveCount(0);

  const later = (await heard(page)).speaker.durationMs;
  await page.getByRole('button', { name: 'Keypad' }).click();
  await page.getByRole('group', { name: 'Telephone keypad' }).getByRole('button', { name: 'Key 1' }).click();
  await expect(caller.nth(1)).toContainText('keys');
  expect(await soundAfter(page, later), 'when the second answer is heard').toBeGreaterThan(later);
  await expect(agent.nth(2).locator('.heard')).not.toBeEmpty();

  await page.getByRole('button', { name: 'End', exact: true }).click();
  await page.getByRole('link', { name: 'See the conversation' }).click();
  await expect(page.getByRole('region', { name: 'Recording' })).toBeVisible();
  await expect(agent.nth(1)).toContainText(/ouvert/i);
  const id = new URL(page.url()).pathname.split('/').at(-1) ?? '';
  expect((await api.conversation(id)).transcript.map((l) => [l.role, l.source ?? 'voice'])).toEqual([
    ['agent', 'voice'],
    ['user', 'client'],
    ['agent', 'voice'],
    ['user', 'digits'],
    ['agent', 'voice'],
  ]);
});
