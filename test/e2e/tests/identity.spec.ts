import type { Page } from '@playwright/test';
import { accessible } from '../lib/axe.ts';
import { browserWith, expect, test } from '../lib/test.ts';

test.use(browserWith());
test.describe.configure({ mode: 'serial' });

const admin = { name: 'Awa Diop', email: 'awa@example.org', password: 'seven calm zebras' };
const viewer = { name: 'Vera Vidal', email: 'vera@example.org', password: 'quiet green teapots' };

const account = (page: Page) => page.getByRole('button', { name: /^Account:/ });

async function enter(page: Page, who: { email: string; password: string }): Promise<void> {
  await page.getByRole('textbox', { name: 'E-mail address' }).fill(who.email);
  await page.getByRole('textbox', { name: 'Password', exact: true }).fill(who.password);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
}

async function signOut(page: Page): Promise<void> {
  await account(page).click();
  await page.getByRole('menuitem', { name: 'Sign out' }).click();
  await expect(page.getByText('You are signed out.')).toBeVisible();
}

test('the first start makes an administrator, who invites a viewer, who looks and does not touch', async ({ page, browser, server, complaints }) => {
  // Until then everything is open to this machine, with a quiet word that it could be otherwise.
  await page.goto('/agents/gallery');
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  await page.getByRole('link', { name: 'Make the administrator' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Make the administrator' })).toBeVisible();
  await expect(page.getByRole('textbox', { name: 'Set-up token' })).toHaveCount(0); // this is the server's own machine
  await accessible(page, 'first start');
  await page.getByRole('textbox', { name: 'Your name' }).fill(admin.name);
  await page.getByRole('textbox', { name: 'E-mail address' }).fill(admin.email);
  await page.getByRole('textbox', { name: 'Password' }).fill('password12');
  await page.getByRole('textbox', { name: /^Organisation/ }).fill('Nova');
  await page.getByRole('button', { name: 'Make the account' }).click();
  await expect(page.getByText('tries first')).toBeVisible();
  await page.getByRole('textbox', { name: 'Password' }).fill(admin.password);
  await page.getByRole('button', { name: 'Make the account' }).click();

  // Three steps to the first sentence.
  await expect(page.getByRole('heading', { level: 1, name: 'What your agents talk with' })).toBeVisible();
  await expect(page.getByRole('radio', { name: /Offline voices/ })).toBeChecked();
  await page.getByRole('radio', { name: 'OpenAI and compatible servers' }).check();
  await expect(page.getByRole('textbox', { name: 'API key' })).toBeVisible();
  await accessible(page, 'first step');
  await page.getByRole('radio', { name: /Offline voices/ }).check();
  await page.getByRole('button', { name: 'Continue' }).click();
  await expect(page.getByRole('button', { name: /Reception \(English\)/ })).toBeVisible();
  await accessible(page, 'second step');
  await page.getByRole('button', { name: /Reception \(English\)/ }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Talk to it' })).toBeVisible();
  await accessible(page, 'third step');
  await page.getByRole('link', { name: 'Talk to Reception (English)' }).click();
  await expect(page.getByRole('status').filter({ hasText: 'Connected' })).toBeVisible({ timeout: 15_000 });
  await page.getByRole('button', { name: 'End', exact: true }).click();
  await page.getByRole('link', { name: 'See the conversation' }).click();
  const conversation = new URL(page.url()).pathname;

  // The administrator invites.
  await account(page).click();
  await page.getByRole('menuitem', { name: 'Settings' }).click();
  await page.getByRole('navigation', { name: 'Settings' }).getByRole('link', { name: 'People' }).click();
  await expect(page.getByRole('row', { name: /Awa Diop/ })).toBeVisible();
  await page.getByRole('button', { name: 'Invite' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('textbox', { name: 'E-mail address' }).fill(viewer.email);
  await dialog.getByRole('radio', { name: 'Viewer' }).check();
  await accessible(page, 'an invitation');
  await dialog.getByRole('button', { name: 'Make the link' }).click();
  const link = await dialog.getByRole('textbox', { name: 'Link of the invitation' }).inputValue();
  await accessible(page, 'the link of an invitation');
  await dialog.getByRole('button', { name: 'Done' }).click();
  await expect(page.getByText(viewer.email, { exact: true })).toBeVisible();
  await accessible(page, 'people');

  // The viewer comes with another browser.
  const context = await browser.newContext({ baseURL: server.url, locale: 'en-GB', timezoneId: 'UTC', viewport: { width: 1440, height: 900 } });
  const other = await context.newPage();
  await other.goto(link);
  await expect(other.getByText('Nova')).toBeVisible();
  await accessible(other, 'an invitation that is held');
  await other.getByRole('textbox', { name: 'Your name' }).fill(viewer.name);
  await other.getByRole('textbox', { name: 'Choose a password' }).fill(viewer.password);
  await other.getByRole('button', { name: 'Accept the invitation' }).click();
  await expect(account(other)).toHaveAccessibleName('Account: Vera Vidal');

  // Looking is free; what may not be done is there, disabled, and says why.
  await other.goto('/agents/gallery');
  const talk = other.getByRole('button', { name: 'Talk to Reception (English)' });
  await expect(talk).toBeDisabled();
  await talk.focus();
  await expect(other.getByRole('tooltip')).toHaveText('For users, managers and administrators.');
  await accessible(other, 'agents for a viewer');
  await other.goto(conversation);
  await expect(other.getByRole('heading', { level: 1 })).toBeVisible();
  await expect(other.getByRole('button', { name: 'Delete' })).toBeDisabled();
  await other.goto('/settings/people');
  await expect(other.getByText('“People” is not open to your role')).toBeVisible();
  await expect(other.getByText('at least the role Manager')).toBeVisible();
  await accessible(other, 'a page that is not open');
  const statusOf = (method: string, path: string, body?: object) =>
    other.evaluate(
      async ([m, p, b]) => (await fetch(p, { method: m, body: b ? JSON.stringify(b) : undefined, headers: { 'Content-Type': 'application/json' } })).status,
      [method, path, body] as const,
    );
  expect(await statusOf('DELETE', `/api/conversations/${conversation.split('/').at(-1)}`)).toBe(403);
  expect(await statusOf('POST', '/api/invitations', { email: 'x@example.org', role: 'admin' })).toBe(403);
  expect(await statusOf('POST', '/api/realtime/calls', { model: 'agent:reception-en' })).toBe(403);
  expect(await statusOf('GET', '/api/keys')).toBe(403);

  // Signed out is signed out.
  await signOut(other);
  await other.goto('/agents/gallery');
  await expect(other.getByRole('heading', { level: 1, name: 'Sign in' })).toBeVisible();
  expect(await statusOf('GET', '/api/agents')).toBe(401);
  await context.close();

  // The administrator takes the role away.
  await page.reload();
  await page.getByRole('button', { name: 'Remove Vera Vidal' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
  await expect(page.getByRole('row', { name: /Vera Vidal/ })).toHaveCount(0);
  complaints.length = 0; // the browser reports the refused password
});

test('a session that ends is opened again in place, and wrong passwords cost time', async ({ page, context, complaints }) => {
  await page.goto('/settings/keys');
  await expect(page.getByRole('heading', { level: 1, name: 'Sign in' })).toBeVisible();
  await accessible(page, 'sign-in in the place of a page');
  await enter(page, { ...admin, password: 'not this one' });
  await expect(page.getByRole('alert')).toHaveText('The e-mail address or the password is wrong.');
  await enter(page, admin);

  // A key is shown once.
  await expect(page.getByText('No keys')).toBeVisible();
  await accessible(page, 'no keys');
  await page.getByRole('button', { name: 'Make a key' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('textbox', { name: 'Name' }).fill('The shop’s website');
  await expect(dialog.getByRole('checkbox', { name: 'Talk' })).toBeChecked();
  await accessible(page, 'a new key');

  // Meanwhile the session ends: the dialog stays as it is, and goes on afterwards.
  await context.clearCookies();
  await dialog.getByRole('button', { name: 'Make the key' }).click();
  const again = page.getByRole('dialog', { name: 'Sign in again' });
  await expect(again.getByRole('textbox', { name: 'E-mail address' })).toHaveValue(admin.email);
  await accessible(page, 'sign in again');
  await again.getByRole('textbox', { name: 'Password', exact: true }).fill(admin.password);
  await again.getByRole('button', { name: 'Sign in', exact: true }).click();
  await expect(again).toBeHidden();
  await expect(dialog.getByRole('textbox', { name: 'Name' })).toHaveValue('The shop’s website');
  await dialog.getByRole('button', { name: 'Make the key' }).click();
  await expect(dialog.getByRole('textbox', { name: 'Key', exact: true })).toHaveValue(/^griot_/);
  await accessible(page, 'a key that was made');
  const secret = await dialog.getByRole('textbox', { name: 'Key', exact: true }).inputValue();
  expect((await fetch(`${new URL(page.url()).origin}/api/agents`, { headers: { Authorization: `Bearer ${secret}` } })).status).toBe(403); // it may talk, no more
  await dialog.getByRole('button', { name: 'I have kept it' }).click();
  await expect(page.getByRole('row', { name: /The shop’s website/ })).toBeVisible();
  await accessible(page, 'keys');
  await page.getByRole('button', { name: 'Revoke The shop’s website' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click();
  await expect(page.getByText('No keys')).toBeVisible();

  // A provider's form is drawn from its schema, and can be tried.
  await page.goto('/settings/providers');
  await page.getByRole('button', { name: /^OpenAI/ }).click();
  await page.getByRole('textbox', { name: 'API key' }).fill('sk-nobody');
  await page.getByRole('textbox', { name: 'Server address' }).fill('http://127.0.0.1:9/v1');
  await page.getByRole('button', { name: 'Test' }).click();
  await expect(page.getByText(/^The test failed after/)).toBeVisible();
  await accessible(page, 'a provider that does not answer');
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText('Saved')).toBeVisible();
  await page.reload();
  await page.getByRole('button', { name: /^OpenAI/ }).click();
  await expect(page.getByRole('textbox', { name: 'API key' })).toHaveValue('••••••••');

  // All of it is in the trail.
  await page.goto('/settings/audit');
  await expect(page.getByRole('row', { name: /Provider set.*OpenAI/ })).toContainText('http://127.0.0.1:9/v1');
  await accessible(page, 'audit trail');
  await page.getByRole('combobox', { name: 'Action' }).selectOption('Key revoked');
  await expect(page.getByRole('row').filter({ hasText: 'The shop’s website' })).toHaveCount(1);
  await expect(page).toHaveURL(/action=key.revoked/);

  // The keyboard finds everything.
  await page.keyboard.press('Control+k');
  await page.getByRole('textbox', { name: 'Search' }).fill('profile');
  await accessible(page, 'search');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { level: 1, name: 'Profile' })).toBeVisible();
  await expect(page.getByText('This browser', { exact: true })).toBeVisible();
  await accessible(page, 'profile');
  await page.getByRole('heading', { level: 1 }).focus();
  await page.keyboard.press('g');
  await page.keyboard.press('v');
  await expect(page.getByRole('heading', { level: 1, name: 'Conversations' })).toBeVisible();
  await page.keyboard.press('?');
  await expect(page.getByRole('dialog', { name: 'Keyboard shortcuts' })).toBeVisible();
  await accessible(page, 'shortcuts');
  await page.keyboard.press('Escape');

  await signOut(page);
  await accessible(page, 'sign-in');
  for (let n = 0; n < 6; n++) {
    await enter(page, { ...admin, password: `wrong ${n}` });
    await expect(page.getByRole('alert')).toBeVisible();
    await expect(page.getByRole('button', { name: 'Sign in', exact: true })).not.toHaveAttribute('data-loading');
  }
  await expect(page.getByText(/^Too many attempts failed\. Try again in \d+ seconds?\./)).toBeVisible();
  await expect(page.getByRole('button', { name: 'Sign in', exact: true })).toBeDisabled();
  complaints.length = 0; // the browser reports each refusal
});
