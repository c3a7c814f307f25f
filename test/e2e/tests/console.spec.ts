import { accessible } from '../lib/axe.ts';
import { browserWith, expect, goTo, talkTo, test } from '../lib/test.ts';

test.use(browserWith());

const words = {
  FR: { menu: 'Galeries', agents: 'Agents', conversations: 'Conversations', talk: 'Parler', empty: 'Aucune conversation' },
  EN: { menu: 'Galleries', agents: 'Agents', conversations: 'Conversations', talk: 'Talk', empty: 'No conversations' },
  ES: { menu: 'Galerías', agents: 'Agentes', conversations: 'Conversaciones', talk: 'Hablar', empty: 'Ninguna conversación' },
} as const;

test('the console speaks French, English and Spanish, and remembers which', async ({ page }) => {
  await page.goto('/agents/gallery');
  await expect(page.locator('html')).toHaveAttribute('lang', 'en'); // as the browser
  for (const [language, w] of Object.entries(words)) {
    const button = page.getByRole('button', { name: language, exact: true });
    await button.click();
    await expect(button).toHaveAttribute('aria-pressed', 'true');
    await expect(page.locator('html')).toHaveAttribute('lang', language.toLowerCase());
    await expect(page.getByRole('heading', { level: 1 })).toHaveText(w.agents);
    await expect(page.getByRole('link', { name: new RegExp(w.talk) })).not.toHaveCount(0);
    await page.reload();
    await expect(page.getByRole('heading', { level: 1 })).toHaveText(w.agents);
    await goTo(page, w.menu, w.conversations);
    await expect(page.getByText(w.empty)).toBeVisible();
    await goTo(page, w.menu, w.agents);
  }
});

test('the theme follows the system until it is chosen, and is remembered', async ({ page }) => {
  await page.emulateMedia({ colorScheme: 'dark' });
  await page.goto('/agents/gallery');
  const scheme = page.locator('html');
  await expect(scheme).toHaveAttribute('data-mantine-color-scheme', 'dark');
  await page.getByRole('button', { name: 'Switch to the light theme' }).click();
  await expect(scheme).toHaveAttribute('data-mantine-color-scheme', 'light');
  await page.reload();
  await expect(page.getByRole('button', { name: 'Switch to the dark theme' })).toBeVisible();
  await expect(scheme).toHaveAttribute('data-mantine-color-scheme', 'light');
});

test('a page that does not exist says so', async ({ page, complaints }) => {
  await page.goto('/agents/voice-history/00000000-0000-7000-8000-000000000000');
  await expect(page.getByText('This conversation does not exist, or was deleted.')).toBeVisible();
  await page.goto('/agents/nobody/session');
  await expect(page.getByText('This agent does not exist, or no longer does.')).toBeVisible();
  await page.goto('/nowhere');
  await expect(page.getByRole('heading', { name: 'Page not found' })).toBeVisible();
  expect(complaints.filter((c) => !c.includes('404'))).toEqual([]);
  complaints.length = 0; // the browser reports each 404
});

const themes = ['light', 'dark'] as const;

for (const theme of themes) {
  test(`no page has an obstacle for people with disabilities, ${theme}`, async ({ page }) => {
    await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
    await page.goto('/agents/gallery');
    await expect(page.getByRole('article')).toHaveCount(3);
    await accessible(page, 'agents');

    await page.goto('/agents/reception-en/session');
    await expect(page.getByRole('button', { name: 'Start' })).toBeVisible();
    await accessible(page, 'before a conversation');

    // A conversation with all that its page can show: a reply, typed words, an interruption, keys, an open tab of events.
    await talkTo(page, 'Talk to Reception (English)');
    const agent = page.getByRole('log').locator('article[data-kind="agent"]');
    await expect(agent.nth(0).locator('.heard')).toContainText('Hello', { timeout: 15_000 });
    await page.getByRole('textbox', { name: 'Your message' }).fill('When are you open?');
    await page.keyboard.press('Enter');
    await expect(agent.nth(0).locator('s.unheard')).not.toBeEmpty();
    await expect(agent.nth(1).locator('.heard')).toContainText('open', { timeout: 15_000 });
    await page.getByRole('button', { name: 'Keypad' }).click();
    await accessible(page, 'a conversation');
    await page.getByRole('tab', { name: /Events/ }).click();
    await accessible(page, 'its events');
    await page.getByRole('tab', { name: 'Session' }).click();
    await accessible(page, 'its details');

    await page.getByRole('button', { name: 'End', exact: true }).click();
    await expect(page.getByText('You ended the conversation.')).toBeVisible();
    await accessible(page, 'a conversation that is over');

    await page.getByRole('link', { name: 'See the conversation' }).click();
    await expect(page.getByRole('region', { name: 'Recording' })).toBeVisible();
    await expect(agent.nth(0).locator('s.unheard')).not.toBeEmpty();
    await accessible(page, 'its record');
    await page.getByRole('button', { name: 'Delete' }).click();
    await expect(page.getByRole('dialog')).toBeVisible();
    await accessible(page, 'the question before it is deleted');
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();

    await page.goto('/agents/voice-history');
    await expect(page.getByRole('row')).not.toHaveCount(0);
    await accessible(page, 'conversations');
    await page.goto('/agents/voice-history?agent=nobody');
    await expect(page.getByText('No conversation matches')).toBeVisible();
    await accessible(page, 'no conversations');
    await page.goto('/nowhere');
    await expect(page.getByRole('heading', { name: 'Page not found' })).toBeVisible();
    await accessible(page, 'a page that is not there');
  });
}
