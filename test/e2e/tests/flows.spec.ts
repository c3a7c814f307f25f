import type { Page } from '@playwright/test';
import { accessible } from '../lib/axe.ts';
import { browserWith, expect, test } from '../lib/test.ts';

test.use(browserWith());

interface Named {
  id: string;
  reference: string;
}

/** Looks at the page as it stands: in the other scheme too, and on a telephone. */
async function looks(page: Page, name: string): Promise<void> {
  for (const scheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme: scheme });
    await accessible(page, `${name}, ${scheme}`);
    if (process.env.GRIOT_PICTURES) await page.screenshot({ path: `${process.env.GRIOT_PICTURES}/${name}-${scheme}.png` });
  }
  await page.emulateMedia({ colorScheme: 'light' });
  await page.setViewportSize({ width: 390, height: 844 });
  await accessible(page, `${name}, on a telephone`);
  if (process.env.GRIOT_PICTURES) await page.screenshot({ path: `${process.env.GRIOT_PICTURES}/${name}-390.png`, fullPage: true });
  await page.setViewportSize({ width: 1440, height: 900 });
}

test('the appointment flow is copied, changed, tried, saved and used by an agent, without a mouse where that matters', async ({ page, complaints }) => {
  await page.setViewportSize({ width: 1440, height: 900 });
  await page.goto('/flows');
  await expect(page.getByRole('article', { name: 'Appointment' })).toBeVisible();
  await looks(page, 'list');

  // A copy opens in the editor.
  await page.getByRole('button', { name: 'Copy Appointment' }).click();
  await expect(page).toHaveURL(/\/flows\/flow_[0-9a-f]{12}$/);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('appointment (2)');
  const id = page.url().split('/').at(-1) ?? '';

  // A trial beside the drawing shows where the conversation stands.
  const trial = page.getByRole('region', { name: 'Try it' });
  await trial.getByRole('button', { name: 'Begin' }).click();
  await expect(trial.getByRole('log')).toContainText('What is the appointment for');
  const say = async (words: string) => {
    await trial.getByRole('textbox', { name: 'What the caller says' }).fill(words);
    await page.keyboard.press('Enter');
  };
  await say('an estimate, please');
  await expect(trial.getByRole('log')).toContainText('Is that right?');
  const drawing = page.getByRole('region', { name: 'Steps', exact: true });
  await expect(drawing.getByRole('group', { name: /^right/ })).toContainText('here');
  await say('yes');
  await expect(drawing.getByRole('group', { name: /^day/ })).toContainText('here');
  await looks(page, 'drawing');

  // Chosen by keyboard, changed in its form; the trial is held again with the new words.
  await drawing.getByRole('group', { name: /^day/ }).focus();
  await page.keyboard.press('Enter');
  const form = page.getByRole('region', { name: 'Step day' });
  await form.getByRole('textbox', { name: 'What is said (EN)' }).fill('On which day may we expect you?');
  await expect(trial.getByRole('log')).toContainText('On which day may we expect you?');
  await looks(page, 'step');

  // What is wrong is said at the step, and undone.
  await form.getByRole('textbox', { name: 'What is said (EN)' }).fill('And {nothing}?');
  await expect(page.getByRole('region', { name: 'To be mended' })).toContainText('is collected by no step');
  await expect(drawing.getByRole('group', { name: /^day/ }).getByLabel('Something is wrong here')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Save as draft' })).toBeVisible();
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(form.getByRole('textbox', { name: 'What is said (EN)' })).toHaveValue('Which day suits you?');
  await page.getByRole('button', { name: 'Redo' }).click();
  await form.getByRole('textbox', { name: 'What is said (EN)' }).fill('On which day may we expect you?');
  await expect(page.getByRole('region', { name: 'To be mended' })).toBeHidden();

  // The list says the same, and everything can be done in it.
  await page.getByText('List', { exact: true }).click();
  const list = page.getByRole('list').filter({ hasText: 'welcome' }).first();
  await expect(list.getByRole('button', { name: /^day/ })).toContainText('On which day may we expect you?');
  await looks(page, 'outline');
  await page.getByRole('button', { name: 'Add a step' }).click();
  await page.getByRole('menuitem', { name: 'Say' }).click();
  await expect(page.getByRole('region', { name: 'Step say_1' })).toBeVisible();
  await expect(page.getByRole('region', { name: 'To be mended' })).toBeVisible();
  await page.getByRole('button', { name: 'Remove the step' }).click();
  await expect(page.getByRole('region', { name: 'To be mended' })).toBeHidden();

  // Kept as a version that calls use.
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(page.getByText('Version 2 in use')).toBeVisible();
  await page.getByRole('button', { name: 'Versions' }).click();
  await page.getByRole('button', { name: 'Compare version 1' }).click();
  await expect(page.getByRole('dialog')).toContainText('nodes.day.say.en');
  await accessible(page, 'versions');
  await page.keyboard.press('Escape');

  // An agent uses it: it says the new words, and the flow cannot be deleted any more.
  const made = await page.request.post('/api/agents', { data: { definition: { name: 'Desk', language: 'en', model: { flow: id, provider: 'none' } } } });
  const agent = (await made.json()) as Named;
  await page.request.post(`/api/agents/${agent.reference}/publish`);
  await page.goto(`/agents/unified/create?agent=${agent.reference}&step=1`);
  await expect(page.getByRole('radio', { name: /^appointment \(2\)/ })).toBeChecked();
  await page.goto(`/agents/${agent.reference}/session`);
  await page.getByRole('button', { name: 'Start' }).click();
  const talk = page.getByRole('log');
  await expect(talk).toContainText('What is the appointment for', { timeout: 20_000 });
  for (const [words, answer] of [['an estimate', 'Is that right?'], ['yes', 'On which day may we expect you?']] as const) {
    await page.getByRole('textbox', { name: /message|type|write/i }).fill(words);
    await page.keyboard.press('Enter');
    await expect(talk).toContainText(answer, { timeout: 20_000 });
  }
  await page.goto('/flows');
  await page.getByRole('button', { name: 'Delete appointment (2)' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await expect(page.getByRole('alert')).toContainText(`is used by ${agent.reference}`);
  // A trial of what cannot run is refused, and so is the deletion.
  expect(complaints.splice(0).filter((c) => !c.includes('422'))).toEqual([expect.stringContaining('409')]);
});

test('a flow that somebody else has changed is not overwritten, and one is begun from nothing', async ({ page, complaints }) => {
  await page.goto('/flows');
  await page.getByRole('button', { name: 'New flow' }).click();
  await expect(page).toHaveURL(/\/flows\/flow_/);
  await expect(page.getByRole('textbox', { name: 'Name', exact: true })).toHaveValue('New flow');
  const id = page.url().split('/').at(-1) ?? '';
  const now = (await (await page.request.get(`/api/flows/${id}`)).json()) as { definition: { name: string } };
  await page.request.put(`/api/flows/${id}`, { data: { definition: { ...now.definition, name: 'Theirs' } } });
  await page.getByRole('textbox', { name: 'Name', exact: true }).fill('Mine');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(page.getByRole('alert')).toContainText(/changed/i);
  await page.getByRole('button', { name: 'Load the newer version' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Theirs');
  expect(complaints.splice(0)).toEqual([expect.stringContaining('412')]);
});
