import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server as HttpServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Page } from '@playwright/test';
import { type ChatAnswer, ChatModel, type ChatRequest } from '../lib/chat.ts';
import { password, Scene, words } from '../lib/scene.ts';
import { browserWith, test as base, expect, goTo } from '../lib/test.ts';

// A tool from the form to the call: made, tried, given to an agent, and called when a person allows it.

/** A system of the user's: it says what it was asked, and keeps it. */
class Shop {
  readonly asked: { method: string; url: string; headers: IncomingMessage['headers']; body: string }[] = [];
  private readonly server: HttpServer = createServer((request, response) => void this.serve(request, response));

  async start(): Promise<this> {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    return this;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.server.close();
    this.server.closeAllConnections();
    await once(this.server, 'close');
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = '';
    for await (const chunk of request) body += chunk;
    this.asked.push({ method: request.method ?? '', url: request.url ?? '', headers: request.headers, body });
    response.writeHead(200, { 'Content-Type': 'application/json' }).end('{"status":"paid","receipt":"R-42"}');
  }
}

function pays({ messages, tools }: ChatRequest): ChatAnswer {
  const last = messages.at(-1);
  if (last?.role === 'tool') return `The shop says: ${last.content}`;
  const tool = tools?.find((t) => t.function.name === 'pay_order');
  return tool ? { call: 'pay_order', arguments: { order: 'A-7', amount: 42 } } : 'I cannot pay.';
}

const test = base.extend<object, { chat: ChatModel; shop: Shop }>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the names of fixtures from the pattern
  chat: [async ({}, use) => through(await new ChatModel(pays).start(), use), { scope: 'worker' }],
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the names of fixtures from the pattern
  shop: [async ({}, use) => through(await new Shop().start(), use), { scope: 'worker' }],
  arrangement: [
    async ({ chat }, use) => {
      const settings = {
        speech: { llm: 'openai' },
        providers: { openai: { base_url: chat.url, model: 'scripted', api_key: 'unused' } },
        outbound: { allow: ['127.0.0.1'] },
      };
      await use({ args: ['--config', 'griot.yaml'], files: { 'griot.yaml': JSON.stringify(settings) } });
    },
    { scope: 'worker' },
  ],
});

async function through<T extends { stop(): Promise<void> }>(service: T, use: (service: T) => Promise<void>): Promise<void> {
  await use(service);
  await service.stop();
}

test.use(browserWith());

test('a request is made, tried, given to an agent, and sent when a person allows it', async ({ page, context, server, shop, complaints }) => {
  const scene = new Scene(server, 'en');
  await scene.call('POST', '/api/setup', { name: 'Awa Diop', email: 'awa@baobab.example', password, language: 'en', tenant: words.en.tenant });
  await scene.enter(context);
  const definition = { name: 'Cashier', language: 'en', model: { provider: 'openai' }, instructions: 'You help customers pay.' };
  const { reference } = await scene.call<{ reference: string }>('POST', '/api/agents', { definition });

  // Its key first: only its name is shown from then on.
  await page.goto('/tools/variables');
  await page.getByLabel('Name', { exact: true }).fill('SHOP_KEY');
  await page.getByLabel('Value', { exact: true }).fill('open-sesame');
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText('SHOP_KEY', { exact: true })).toBeVisible();
  await expect(page.getByText('open-sesame')).toHaveCount(0);

  await goTo(page, 'Create', 'New tool');
  await page.getByRole('link', { name: /REST API/ }).click();
  await page.getByRole('button', { name: 'Create a tool' }).click();
  await expect(page.getByLabel('Technical name')).toBeFocused();
  await page.getByLabel('Name shown').fill('Pay an order');
  await expect(page.getByLabel('Technical name')).toHaveValue('pay_an_order');
  await page.getByLabel('Technical name').fill('pay_order');
  await page.getByLabel('Description').first().fill('Pays an order with the card that the customer has left.');
  await page.getByLabel('Method').selectOption('POST');
  await page.getByLabel('Address').fill(`${shop.url}/orders/{order}/payments`);
  await page.getByLabel('Authentication').selectOption('Token (bearer)');
  await page.getByLabel('Token', { exact: true }).fill(`${'$'}{env.SHOP_KEY}`);
  await parameter(page, 1, 'order', 'Text');
  await parameter(page, 2, 'amount', 'Number');
  await page.getByRole('checkbox', { name: /A person decides/ }).check();
  await page.getByLabel('Go on without it after').fill('60'); // the caller waits meanwhile

  // What was written is not left by mistake.
  const question = page.waitForEvent('dialog').then((d) => d.dismiss());
  await page.getByRole('link', { name: 'Home' }).first().click();
  await question;
  await expect(page.getByLabel('Technical name')).toHaveValue('pay_order');

  // Tried before it is kept.
  await page.getByLabel('Arguments (JSON)').fill('{"order": "A 7/8", "amount": 1}');
  await page.getByRole('button', { name: 'Call', exact: true }).click();
  await expect(page.getByText('It worked')).toBeVisible();
  await expect(page.getByText('"receipt": "R-42"')).toBeVisible();
  expect(shop.asked.at(-1)).toMatchObject({ method: 'POST', url: '/orders/A%207%2F8/payments', body: '{"amount":1}' });
  expect(shop.asked.at(-1)?.headers.authorization).toBe('Bearer open-sesame');
  await page.getByRole('button', { name: 'Create a tool' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Pay an order' })).toBeVisible();

  // Somebody else changes it meanwhile: what is written here stays.
  const answer = await scene.call<{ id: string; version: number }>('GET', '/tools/api/get/pay_order');
  await scene.call('PUT', `/tools/api/update/${answer.id}`, { version: answer.version, tags: ['money'] });
  await page.getByLabel('Description').first().fill('Pays an order.');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByRole('button', { name: 'Save mine over it' }).click();
  await expect(page.getByText('Saved', { exact: true })).toBeVisible();
  await expect(page.getByLabel('Description').first()).toHaveValue('Pays an order.');

  // To an agent, by its wizard.
  await page.goto(`/agents/unified/create?agent=${reference}&step=3`);
  await page.getByRole('checkbox', { name: /Pay an order/ }).check();
  for (let steps = 3; steps < 5; steps++) await page.getByRole('button', { name: /^Next:/ }).click();
  await page.getByRole('button', { name: 'Publish the agent' }).click();
  await expect(page.getByRole('heading', { name: /Cashier/ }).first()).toBeVisible();
  expect(JSON.stringify(await scene.call('GET', `/api/agents/${reference}`))).toContain('"tools":["pay_order"]');

  // The agent asks, and nothing is sent before somebody has allowed it.
  const before = shop.asked.length;
  const caller = await context.newPage();
  await caller.goto('/settings/profile');
  const conversation = scene.converse(caller, reference, [['Please pay my order.']]);
  await page.bringToFront(); // what is not looked at asks for nothing
  await page.getByRole('link', { name: '1 action waits for your decision' }).click();
  const wish = page.getByRole('article', { name: 'pay_order' });
  await expect(wish).toContainText('"amount": 42');
  expect(shop.asked).toHaveLength(before);
  await page.getByRole('button', { name: 'Allow pay_order' }).click();
  await conversation;
  await expect(page.getByText('Nothing to decide')).toBeVisible();
  await expect(page.getByRole('row', { name: /pay_order.*Done.*Awa Diop/ })).toBeVisible();
  expect(shop.asked.slice(before)).toMatchObject([{ url: '/orders/A-7/payments', body: '{"amount":42}' }]);
  expect(shop.asked.at(-1)?.headers['idempotency-key']).toBeTruthy();
  await page.getByRole('link', { name: 'pay_order' }).click();
  await expect(page.getByText('The shop says:')).toBeVisible();

  // A tool that an agent uses stays.
  await page.goto('/tools/');
  await page.getByRole('button', { name: 'Delete Pay an order' }).click();
  await page.getByRole('button', { name: 'Delete', exact: true }).click();
  await expect(page.getByRole('alert').filter({ hasText: reference })).toBeVisible();
  // Chromium says of itself that those two were refused.
  expect(complaints.splice(0).filter((c) => !c.includes('409'))).toEqual([]);
});

async function parameter(page: Page, number: number, name: string, type: string): Promise<void> {
  await page.getByRole('button', { name: 'Add a parameter' }).click();
  await page.getByRole('group', { name: `Parameter ${number}` }).getByLabel('Name', { exact: true }).fill(name);
  const row = page.getByRole('group', { name });
  await row.getByLabel('Type').selectOption(type);
  await row.getByRole('checkbox', { name: 'Required' }).check();
}
