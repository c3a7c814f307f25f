import { browserWith, expect, talkTo, test } from '../lib/test.ts';

test.use(browserWith({ allow: false }));

test('a refused microphone is explained, and the conversation goes on in writing', async ({ page }) => {
  await talkTo(page, 'Talk to Reception (English)');
  const alert = page.getByRole('alert');
  await expect(alert).toContainText('The microphone is denied for this page.', { timeout: 15_000 });
  await expect(alert).toContainText('Meanwhile you can type.');
  await expect(page.getByRole('status').filter({ hasText: 'Connected' })).toBeVisible();

  const log = page.getByRole('log', { name: 'Transcript' });
  const agent = log.locator('article[data-kind="agent"]');
  await expect(agent.nth(0).locator('.heard')).toContainText('Hello', { timeout: 15_000 });
  await page.getByRole('textbox', { name: 'Your message' }).fill('When are you open?');
  await page.keyboard.press('Enter');
  await expect(agent.nth(1).locator('.heard')).toContainText('open from nine', { timeout: 15_000 });
  // Asking again is possible, and is answered the same.
  await page.getByRole('button', { name: 'Try the microphone again' }).click();
  await expect(alert).toContainText('The microphone is denied for this page.');
});
