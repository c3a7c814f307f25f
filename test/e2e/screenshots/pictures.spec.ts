import type { Page } from '@playwright/test';
import { root } from '../lib/paths.ts';
import { browserWith, expect, talkTo, test } from '../lib/test.ts';

test.use(browserWith({ microphone: 'interrupts' }));

const themes = ['light', 'dark'] as const;
type Theme = (typeof themes)[number];

/** Takes one picture per theme of the page as it stands. The theme is the system's, so that nothing is clicked. */
async function picture(page: Page, name: string): Promise<void> {
  for (const theme of themes) await snap(page, name, theme);
}

async function snap(page: Page, name: string, theme: Theme): Promise<void> {
  await page.emulateMedia({ colorScheme: theme });
  await expect(page.locator('html')).toHaveAttribute('data-mantine-color-scheme', theme);
  await page.evaluate(() => document.fonts.ready);
  await page.mouse.move(720, 899);
  await page.screenshot({ path: `${root}/docs/images/${name}-${theme}.png`, animations: 'disabled' });
}

test('agents, a live conversation, and its record', async ({ page }) => {
  await page.goto('/agents/gallery');
  await expect(page.getByRole('article')).toHaveCount(3);
  await picture(page, 'agents');

  await talkTo(page, 'Talk to Reception (English)');
  const agent = page.getByRole('log').locator('article[data-kind="agent"]');
  await expect(agent.nth(1).locator('s.unheard')).not.toBeEmpty({ timeout: 40_000 });
  // While the agent answers the interruption, so that both voices are in the lanes.
  await expect(agent.nth(2).locator('.heard')).not.toBeEmpty({ timeout: 20_000 });
  await picture(page, 'session');
  await expect(agent.nth(2).locator('.ahead')).toHaveCount(0, { timeout: 20_000 });

  await page.getByRole('button', { name: 'End', exact: true }).click();
  await page.getByRole('link', { name: 'See the conversation' }).click();
  await expect(page.getByRole('region', { name: 'Recording' })).toBeVisible();
  await expect(page.getByRole('button', { name: 'Play' })).toBeVisible();
  await agent.nth(1).getByRole('button', { name: /^Listen from/ }).click();
  await expect(agent.nth(1)).toHaveAttribute('data-current', 'true');
  await page.getByRole('heading', { level: 1 }).focus();
  await picture(page, 'conversation');
});

test('a call flow in its editor, and a written conversation', async ({ page }) => {
  await page.goto('/flows/appointment');
  await expect(page.getByText('Which day suits you?').first()).toBeVisible();
  await page.getByRole('button', { name: 'Begin' }).click();
  await expect(page.getByRole('log').getByText(/appointment line/)).toBeVisible();
  await picture(page, 'flow');

  await page.goto('/text-agents/chat/reception-en');
  const message = page.getByRole('textbox', { name: 'Your message' });
  const said = page.getByRole('log');
  await message.fill('What are your opening hours?');
  await page.getByRole('button', { name: 'Send' }).click();
  await expect(said.getByText(/On Sunday we are closed/)).toBeVisible();
  await message.fill('And where are you?');
  await page.getByRole('button', { name: 'Send' }).click();
  await expect(page.getByRole('button', { name: 'Stop' })).toHaveCount(0);
  await expect(said.getByRole('article')).toHaveCount(5);
  await picture(page, 'chat');
});
