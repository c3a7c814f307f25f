import { browserWith, expect, test } from '../lib/test.ts';

test.use(browserWith());

test('a voice of this machine is listened to before it is chosen, and each choice says what it leaves', async ({ page, complaints }) => {
  await page.addInitScript(() => {
    const played: string[] = [];
    const play = HTMLMediaElement.prototype.play;
    HTMLMediaElement.prototype.play = function () {
      this.addEventListener('playing', () => played.push(`${this.duration > 0.5}`), { once: true });
      return play.call(this);
    };
    Object.assign(window, { played });
  });
  await page.goto('/agents/unified/create?step=2');
  await expect(page.getByRole('heading', { level: 2, name: 'How your agent will speak' })).toBeVisible();
  await page.getByRole('combobox', { name: 'Language' }).selectOption('fr');
  const region = page.getByRole('combobox', { name: 'Region' });
  await expect(region.getByRole('option', { name: /^French \(France\) \(\d+\)$/ })).toBeAttached();
  await page.getByRole('combobox', { name: 'Type' }).selectOption('local');
  const sample = page.waitForResponse((r) => r.url().includes('/api/voices/') && r.url().includes('/sample'));
  await page.getByRole('button', { name: /^Listen to / }).first().click();
  const answer = await sample;
  expect(answer.status()).toBe(200);
  expect(answer.headers()['content-type']).toBe('audio/wav');
  await expect.poll(() => page.evaluate(() => (window as unknown as { played: string[] }).played)).toEqual(['true']);
  await expect(page.getByRole('alert').filter({ hasText: /./ })).toHaveCount(0);
  expect(complaints).toEqual([]);
});
