import { browserWith, expect, goTo, talkTo, test } from '../lib/test.ts';

test.use(browserWith());

test('a server that dies in a conversation is not passed over in silence, and has lost nothing when it is back', async ({
  page,
  server,
  api,
  complaints,
}) => {
  await talkTo(page, 'Talk to Reception (English)');
  const log = page.getByRole('log', { name: 'Transcript' });
  const agent = log.locator('article[data-kind="agent"]');
  // The agent has come to its second sentence, and is still speaking.
  await expect(agent.nth(0).locator('.heard')).toContainText('automatic reception', { timeout: 15_000 });
  await server.stop('SIGKILL');

  const alert = page.getByRole('alert');
  await expect(alert).toContainText('The conversation broke off');
  await expect(alert).toContainText('The connection to the server is lost.');
  await expect(page.getByRole('status').filter({ hasText: 'Disconnected' })).toBeVisible();
  const address = (await page.getByRole('link', { name: 'See the conversation' }).getAttribute('href')) ?? '';

  // Without a server the other pages say so, and offer to try again.
  await goTo(page, 'Galleries', 'Conversations');
  await expect(page.getByText('The server does not answer.')).toBeVisible({ timeout: 20_000 });
  await server.start();
  await page.getByRole('button', { name: 'Reload the page' }).click();
  const row = page.getByRole('row').filter({ hasText: 'Reception (English)' });
  await expect(row).toHaveCount(1);
  await expect(row).toContainText('Ended');

  await row.getByRole('link', { name: /Open the conversation/ }).click();
  await expect(page).toHaveURL(address);
  await expect(page.getByText('recovered after a crash')).toBeVisible();
  await expect(agent.nth(0).locator('.heard')).toContainText('Hello, this is Maison Baobab');
  await expect(agent.nth(0).locator('s.unheard')).toContainText('help you?');

  const [call] = await api.conversations();
  expect(call).toMatchObject({ end_reason: 'recovered', status: 'ended' });
  const record = await api.conversation(call?.id ?? '');
  expect(record.transcript).toHaveLength(1);
  expect(record.transcript[0]).toMatchObject({ role: 'agent', cut: true });
  expect(record.recording.available, 'what was recorded before is there').toBe(true);
  // The browser complains about the connections that it lost; that is what was to be seen here.
  complaints.length = 0;
});
