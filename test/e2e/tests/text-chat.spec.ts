import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { connect, createServer as createLine } from 'node:net';
import type { Page } from '@playwright/test';
import { accessible } from '../lib/axe.ts';
import { type ChatAnswer, ChatModel, type ChatRequest } from '../lib/chat.ts';
import { test as base, browserWith, expect } from '../lib/test.ts';

// Agents that write, in the console: what a person does there, with a model behind the chat interface that servers of models share.

const table = '## Prices\n\n| Chair | Price |\n|---|---|\n| Oak | **80 €** |\n\n- in stock\n- `delivery` in two days\n\n<script>alert(1)</script>';

/** Replies that wait in the middle until a test lets them go on. */
const hold = { wait: Promise.resolve(), go: () => {} };
function held() {
  hold.wait = new Promise((resolve) => {
    hold.go = resolve;
  });
}

function answer({ messages, tools }: ChatRequest): ChatAnswer {
  const last = messages.at(-1);
  if (last?.role === 'tool') return 'I have noted it.';
  const said = String(Array.isArray(last?.content) ? (last.content as { text?: string }[]).map((p) => p.text).join(' ') : last?.content).toLowerCase();
  if (said.includes('note') && tools?.[0]) return { call: tools[0].function.name, arguments: { stage: 'opening' } };
  if (said.includes('long')) return { say: ['It begins here', ' and ends there.'], wait: () => hold.wait };
  if (said.includes('attachment')) return 'The letter says that Ada comes on Monday.';
  return table;
}

const agent = `name: Shop
kind: text
language: en
instructions: Sell chairs.
tools: [conversation_brain]
greeting: {text: "Hello, what are you looking for?"}
model: {provider: openai, name: scripted}
chat: {suggestions: ["What do chairs cost?"], avatar: "🪑"}
`;

const test = base.extend<object, { model: ChatModel }>({
  model: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the names of fixtures from the pattern
    async ({}, use) => {
      const model = await new ChatModel(answer).start();
      await use(model);
      await model.stop();
    },
    { scope: 'worker' },
  ],
  arrangement: [
    async ({ model }, use) => {
      const settings = { providers: { openai: { base_url: model.url, model: 'scripted', api_key: 'unused' } } };
      await use({ args: ['--config', 'griot.yaml'], files: { 'griot.yaml': JSON.stringify(settings), 'data/agents/shop.yaml': agent } });
    },
    { scope: 'worker' },
  ],
});
test.use(browserWith());

const log = (page: Page) => page.getByRole('log');
const field = (page: Page) => page.getByRole('textbox', { name: 'Your message' });
const replies = (page: Page) => log(page).locator('article[data-kind="agent"]');

async function shop(page: Page): Promise<void> {
  await page.goto('/text-agents/gallery');
  await page.getByRole('link', { name: 'Write to Shop' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Shop' })).toBeVisible();
}

test('a person writes with an agent: Markdown, a tool, a document, stop, export, and goes on later', async ({ page }) => {
  await shop(page);
  await expect(page).toHaveURL(/\/text-agents\/chat\/shop$/);
  await expect(replies(page)).toHaveText(/Hello, what are you looking for\?/);
  await accessible(page, 'an empty conversation');

  await page.getByRole('button', { name: 'What do chairs cost?' }).click();
  await expect(replies(page).nth(1).getByRole('cell', { name: '80 €' })).toBeVisible();
  await expect(replies(page).nth(1).getByRole('heading', { name: 'Prices' })).toBeVisible();
  await expect(replies(page).nth(1)).toContainText('<script>alert(1)</script>');
  await expect(page).toHaveURL(/session=sess-/);
  await expect(page.getByRole('status').filter({ hasText: 'in stock' }), 'the reply is said once it is whole').toHaveCount(1);

  // A tool is a step that opens.
  await field(page).fill('Please note that');
  await page.keyboard.press('Enter');
  const tool = log(page).getByRole('button', { name: /conversation_brain is done/ });
  await expect(tool).toBeVisible();
  await tool.click();
  await expect(log(page).getByText('"stage": "opening"')).toBeVisible();
  await expect(replies(page).last()).toContainText('I have noted it.');

  // A document by the button, and one that is too large is refused.
  await page.getByTestId('files').setInputFiles([
    { name: 'letter.txt', mimeType: 'text/plain', buffer: Buffer.from('Dear Bob, I come on Monday. Ada') },
    { name: 'huge.bin', mimeType: 'application/octet-stream', buffer: Buffer.alloc(10 * 1024 * 1024 + 1) },
  ]);
  await expect(page.getByRole('alert').filter({ hasText: 'huge.bin' })).toContainText('Larger than 10 MB');
  await accessible(page, 'files that wait');
  await page.getByRole('button', { name: 'Remove huge.bin' }).click();
  await field(page).fill('What does it say?');
  await page.getByRole('button', { name: 'Send' }).click();
  await expect(replies(page).last()).toContainText('Ada comes on Monday');
  await expect(log(page).getByRole('list', { name: 'Attached files' })).toContainText('letter.txt');

  // Stopped in the middle, by the keyboard.
  held();
  await field(page).fill('Something long');
  await page.keyboard.press('Enter');
  await expect(replies(page).last()).toContainText('It begins here');
  await page.keyboard.press('Escape');
  await expect(replies(page).last()).toContainText('Reply stopped');
  hold.go();
  await accessible(page, 'a conversation');

  await page.getByRole('button', { name: 'More actions' }).click();
  const file = page.waitForEvent('download');
  await page.getByRole('menuitem', { name: 'Export as Markdown' }).click();
  expect((await file).suggestedFilename()).toMatch(/^sess-.*\.md$/);

  // Begin anew, and go back to the first one by the list.
  await page.getByRole('button', { name: 'New conversation' }).first().click();
  await expect(replies(page)).toHaveCount(1);
  await page.getByRole('navigation', { name: 'Earlier conversations' }).getByRole('button', { name: /What do chairs cost/ }).click();
  await expect(replies(page)).toHaveCount(5);
  await page.reload();
  await expect(replies(page)).toHaveCount(5);
  await expect(log(page).getByRole('cell', { name: '80 €' })).toBeVisible();

  // Nothing is left of what is deleted.
  await page.getByRole('button', { name: 'More actions' }).click();
  await page.getByRole('menuitem', { name: 'Delete the conversation' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete the conversation' }).click();
  await expect(page).toHaveURL(/\/text-agents\/chat\/shop$/);
  await expect(page.getByText('No conversation yet.')).toBeVisible();
});

test('a reply goes on where the line broke off, and after the page was loaded again', async ({ page, server, complaints }) => {
  // A line that can be cut.
  const cables = new Set<Socket>();
  const line = createLine((a) => {
    const b = connect(Number(new URL(server.url).port), '127.0.0.1');
    for (const s of [a, b]) s.on('error', () => undefined);
    cables.add(a);
    a.pipe(b).pipe(a);
  });
  line.listen(0, '127.0.0.1');
  await once(line, 'listening');
  await page.goto(`http://127.0.0.1:${(line.address() as AddressInfo).port}/text-agents/chat/shop`);
  held();
  await field(page).fill('Something long');
  await page.keyboard.press('Enter');
  await expect(replies(page).last()).toContainText('It begins here');
  for (const c of cables) c.destroy();
  hold.go();
  await expect(replies(page).last()).toContainText('It begins here and ends there.');
  await expect(replies(page)).toHaveCount(2);

  held();
  await field(page).fill('Another long one');
  await page.keyboard.press('Enter');
  await expect(replies(page)).toHaveCount(3);
  await page.reload();
  await expect(replies(page).last()).toContainText('It begins here');
  hold.go();
  await expect(replies(page).last()).toContainText('It begins here and ends there.');
  await expect(replies(page)).toHaveCount(3);
  for (const c of cables) c.destroy();
  line.close();
  complaints.length = 0; // the browser tells of the line that was cut
});

test('files come by paste and by drop, and a message that is refused is not lost', async ({ page, complaints }) => {
  await shop(page);
  const give = (how: 'paste' | 'drop', name: string, type: string) =>
    page.evaluate(
      ({ how, name, type }) => {
        const data = new DataTransfer();
        data.items.add(new File(['PK\u0003\u0004 broken'], name, { type }));
        const target = document.querySelector('textarea');
        target?.dispatchEvent(
          how === 'paste'
            ? new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true })
            : new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true }),
        );
      },
      { how, name, type },
    );
  await give('paste', 'first.docx', 'application/zip');
  await give('drop', 'second.docx', 'application/zip');
  const files = page.getByRole('list', { name: 'Attached files' });
  await expect(files).toContainText('first.docx');
  await expect(files).toContainText('second.docx');
  await field(page).fill('Read these');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('alert').filter({ hasText: 'first.docx' })).toContainText('first.docx is broken');
  await expect(field(page)).toHaveValue('Read these');
  await expect(files).toContainText('second.docx');
  await accessible(page, 'a refusal');
  complaints.length = 0; // the browser tells of the answer 422
});

for (const [lang, theme, width] of [
  ['en-GB', 'light', 1440],
  ['fr-FR', 'dark', 390],
  ['es-ES', 'light', 390],
] as const) {
  test.describe(`in ${lang}, ${theme}, ${width} wide`, () => {
    test.use({ locale: lang, colorScheme: theme, viewport: { width, height: 844 } });
    test('it looks well', async ({ page }, info) => {
      await page.goto('/text-agents/chat/shop');
      await page.locator('textarea:not([aria-hidden])').fill('Please note that');
      await page.keyboard.press('Enter');
      await expect(replies(page).last()).toContainText('I have noted it.');
      await page.locator('textarea:not([aria-hidden])').fill('What do chairs cost?');
      await page.keyboard.press('Enter');
      await expect(log(page).getByRole('cell', { name: '80 €' })).toBeVisible();
      await accessible(page, `${lang} ${theme} ${width}`);
      await page.screenshot({ path: info.outputPath('chat.png') });
    });
  });
}
