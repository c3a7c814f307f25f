import type { Page } from '@playwright/test';
import { root } from '../lib/paths.ts';
import { browserWith, expect, test } from '../lib/test.ts';

test.use(browserWith({ microphone: 'interrupts' }));

const themes = ['light', 'dark'] as const;

/** Where pictures go: those of the documentation, or, for somebody who looks at every language, a folder of theirs. */
const folder = process.env.PICTURES ?? `${root}/docs/images`;
const languages = process.env.PICTURES ? (['en', 'fr', 'es'] as const) : (['en'] as const);

async function picture(page: Page, name: string): Promise<void> {
  for (const language of languages) {
    if (languages.length > 1) await speak(page, language);
    for (const theme of themes) {
      await page.emulateMedia({ colorScheme: theme });
      await expect(page.locator('html')).toHaveAttribute('data-mantine-color-scheme', theme);
      await page.evaluate(() => document.fonts.ready);
      await page.evaluate(() => window.scrollTo(0, 0));
      await page.mouse.move(720, 899);
      const suffix = languages.length > 1 ? `-${language}` : '';
      await page.screenshot({ path: `${folder}/${name}-${theme}${suffix}.png`, animations: 'disabled', fullPage: languages.length > 1 });
    }
  }
  if (languages.length > 1) await speak(page, 'en');
}

/** Chooses a language in the bar, which narrow screens do not have room for. */
async function speak(page: Page, language: string): Promise<void> {
  const size = page.viewportSize();
  await page.setViewportSize({ width: 1440, height: 900 });
  await page.getByRole('button', { name: language.toUpperCase(), exact: true }).click();
  if (size) await page.setViewportSize(size);
}

/** A call without a microphone that is over soon, as another program would make. */
async function past(page: Page, model: string, voice: string): Promise<void> {
  const form = page.getByRole('complementary', { name: 'New call' });
  await form.getByRole('combobox', { name: 'Agent or model' }).fill(model);
  await form.getByRole('combobox', { name: 'Voice' }).fill(voice);
  await page.keyboard.press('Escape');
  await form.getByRole('button', { name: 'Without a microphone' }).click();
  await expect(form.getByText('Connected', { exact: true })).toBeVisible();
  await form.getByRole('textbox', { name: 'Write to the agent' }).fill('bonjour');
  await page.keyboard.press('Enter');
  await form.getByRole('button', { name: 'Hang up' }).click();
  await form.getByRole('button', { name: 'New call' }).click();
}

test('realtime calls', async ({ page, complaints }) => {
  await page.goto('/realtime-api.html');
  await expect(page.getByText('No calls', { exact: true })).toBeVisible();
  if (languages.length > 1) await picture(page, 'realtime-empty');
  await past(page, 'agent:reception-fr', 'alloy');
  await past(page, 'agent:reception-es', 'shimmer');
  await past(page, 'agent:reception-en', 'echo');
  await past(page, 'agent:reception-fr', 'alloy');

  const form = page.getByRole('complementary', { name: 'New call' });
  await form.getByRole('combobox', { name: 'Agent or model' }).fill('agent:reception-en');
  await page.keyboard.press('Escape');
  await form.getByRole('button', { name: 'Create the call' }).click();
  await expect(form.getByRole('log')).toContainText('one moment please', { timeout: 40_000 });
  await picture(page, 'realtime');
  await form.getByRole('button', { name: 'See the events' }).click();
  await expect(page.getByRole('region', { name: 'Events' }).getByRole('button').first()).toBeVisible();
  await picture(page, 'realtime-call');
  await form.getByRole('button', { name: 'Hang up' }).click();
  if (languages.length === 1) return;

  await form.getByRole('button', { name: 'New call' }).click();
  await page.getByRole('button', { name: 'Back to the list' }).click();
  await form.getByRole('textbox', { name: 'Temperature' }).fill('3');
  await form.getByRole('button', { name: 'Create the call' }).click();
  await expect(form.getByText('The temperature goes from 0.6 to 1.2.')).toBeVisible();
  await picture(page, 'realtime-refused');
  await page.setViewportSize({ width: 390, height: 844 });
  await picture(page, 'realtime-narrow');
  complaints.length = 0; // the browser reports the refusal
});
