import { screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { HttpResponse, http } from 'msw';
import { beforeEach, expect, it, vi } from 'vitest';
import type { Effect, ToolAnswer } from '~/api/tools';
import { renderApp } from '~/testing/render';
import { server } from '~/testing/server';

const aTool = (over: Partial<ToolAnswer> = {}): ToolAnswer => ({
  id: 'tool_1',
  tool_id: 'tool_1',
  name: 'interest',
  display_name: 'Interest',
  type: 'code',
  category: 'finance',
  tags: [],
  status: 'active',
  is_system: false,
  version: 2,
  definition: {
    type: 'function',
    function: {
      name: 'interest',
      description: 'Works interest out.',
      parameters: { type: 'object', properties: { sum: { type: 'number' } }, required: ['sum'] },
    },
  },
  execution_python: { code: 'def execute(params):\n    return 1' },
  policy: {},
  created_at: '2026-11-20T10:00:00Z',
  updated_at: '2026-11-20T10:00:00Z',
  created_by: 'Inès',
  updated_by: 'Inès',
  complaints: [],
  ...over,
});

const refusal = (code: string, status: number, params: Record<string, string>) =>
  HttpResponse.json({ title: '', status, code, detail: '', params }, { status });

let asked: URLSearchParams | undefined;
let sent: unknown;

beforeEach(() => {
  asked = undefined;
  sent = undefined;
  server.use(
    http.get('*/tools/api/categories', () =>
      HttpResponse.json({
        categories: [
          { id: 'finance', name: 'F' },
          { id: 'custom', name: 'C' },
        ],
      }),
    ),
    http.post('*/tools/api/check-name', () => HttpResponse.json({ exists: false, available: true })),
    http.get('*/tools/api/list', ({ request }) => {
      asked = new URL(request.url).searchParams;
      const items = [aTool(), aTool({ id: 'end', name: 'end', display_name: 'End', type: 'builtin', is_system: true })];
      return HttpResponse.json({ items, total: 2 });
    }),
  );
});

it('the gallery tells one’s own tools from the product’s, and its address is its filter', async () => {
  const { router } = renderApp('/tools/?category=finance&status=active');
  const own = await screen.findByRole('article', { name: 'Interest' });
  expect(own).toHaveTextContent('Custom');
  expect(within(own).getByRole('link', { name: 'Edit Interest' })).toHaveAttribute('href', '/tools/tool_1');
  const system = screen.getByRole('article', { name: 'End' });
  expect(system).toHaveTextContent('System');
  expect(within(system).queryByRole('button', { name: 'Delete End' })).toBeNull();
  expect(asked?.get('category')).toBe('finance');
  expect(asked?.get('status')).toBe('active');
  await userEvent.selectOptions(screen.getByLabelText('Type'), 'Python code');
  await screen.findByText('2 tools');
  expect(router.state.location.search).toMatchObject({ category: 'finance', type: 'code' });
});

it('a tool that agents use stays, and they are named', async () => {
  server.use(
    http.delete('*/tools/api/delete/tool_1', () =>
      refusal('tool_used', 409, { name: 'interest', agents: 'Sophie, Paul' }),
    ),
  );
  renderApp('/tools/');
  await userEvent.click(await screen.findByRole('button', { name: 'Delete Interest' }));
  await userEvent.click(await screen.findByRole('button', { name: 'Delete' }));
  expect(await screen.findByRole('alert')).toHaveTextContent('is used by Sophie, Paul');
});

it('a trial shows what came back, what was printed, and where it failed', async () => {
  server.use(
    http.get('*/tools/api/get/tool_1', () => HttpResponse.json(aTool())),
    http.post('*/tools/api/test', async ({ request }) => {
      sent = await request.json();
      return HttpResponse.json({
        success: false,
        result: 'interest failed: ZeroDivisionError',
        took_ms: 12,
        tools: [],
        printed: 'half way',
        line: 2,
        traceback: 'Traceback: line 2',
      });
    }),
  );
  renderApp('/tools/tool_1');
  await userEvent.click(await screen.findByRole('button', { name: 'Call' }));
  expect(await screen.findByText('It failed')).toBeVisible();
  for (const text of ['interest failed: ZeroDivisionError', 'half way', 'Line 2', 'Traceback: line 2'])
    expect(screen.getByText(text)).toBeVisible();
  expect(sent).toMatchObject({ tool_id: 'tool_1', arguments: { sum: 1 }, tool: { type: 'code' } });
});

it('what a tool lacks is said before it is sent; what the validator says stands beside the words', async () => {
  const answer = aTool({
    complaints: [{ path: 'parameters.sum', code: 'example', message: '' }],
    version: 3,
  });
  server.use(
    http.get('*/tools/api/get/tool_1', () => HttpResponse.json(answer)),
    http.put('*/tools/api/update/tool_1', async ({ request }) => {
      sent = await request.json();
      return HttpResponse.json({ ...answer, version: 4, complaints: [] });
    }),
  );
  renderApp('/tools/tool_1');
  const param = await screen.findByRole('group', { name: 'sum' });
  expect(param).toHaveTextContent('Examples are repeated to callers');
  const code = screen.getByLabelText('Python code');
  await userEvent.clear(code);
  await userEvent.click(screen.getByRole('button', { name: 'Save' }));
  expect(await screen.findByRole('alert')).toHaveTextContent('Write the function');
  expect(code).toHaveFocus();
  expect(sent).toBeUndefined();
  await userEvent.type(code, 'def execute(params): return 2');
  await userEvent.click(screen.getByRole('button', { name: 'Save' }));
  await expect
    .poll(() => sent)
    .toMatchObject({ version: 3, execution_python: { code: 'def execute(params): return 2' } });
});

it('a new request is made of what was written', async () => {
  server.use(
    http.post('*/tools/api/create', async ({ request }) => {
      sent = await request.json();
      return HttpResponse.json(aTool(), { status: 201 });
    }),
    http.get('*/tools/api/get/tool_1', () => HttpResponse.json(aTool())),
  );
  const { router } = renderApp('/tools/add?kind=api');
  await userEvent.type(await screen.findByLabelText('Name shown'), 'Vérifier le stock');
  expect(screen.getByLabelText(/Technical name/)).toHaveValue('verifier_le_stock');
  await userEvent.type(screen.getByLabelText(/Address/), 'https://api.example.com/stock');
  await userEvent.click(screen.getByRole('button', { name: 'Add a parameter' }));
  await userEvent.type(screen.getByLabelText('Name'), 'item');
  await userEvent.click(screen.getByLabelText('Required'));
  await userEvent.click(screen.getByRole('button', { name: 'Create a tool' }));
  await expect.poll(() => router.state.location.pathname).toBe('/tools/tool_1');
  expect(sent).toMatchObject({
    name: 'verifier_le_stock',
    type: 'api',
    execution: { endpoint: 'https://api.example.com/stock', method: 'GET' },
    parameters: { properties: { item: { type: 'string' } }, required: ['item'] },
  });
});

it('a variable is set and never shown', async () => {
  server.use(
    http.get('*/tools/api/variables', () => HttpResponse.json({ names: ['CRM_TOKEN'] })),
    http.put('*/tools/api/variables/NEW_KEY', async ({ request }) => {
      sent = await request.json();
      return HttpResponse.json({ names: ['CRM_TOKEN', 'NEW_KEY'] });
    }),
  );
  renderApp('/tools/variables');
  expect(await screen.findByText('CRM_TOKEN')).toBeVisible();
  expect(screen.getByText('••••••••')).toBeVisible();
  await userEvent.type(screen.getByLabelText('Name'), 'NEW_KEY');
  await userEvent.type(screen.getByLabelText('Value'), 'secret');
  await userEvent.click(screen.getByRole('button', { name: 'Save' }));
  expect(await screen.findByText('NEW_KEY')).toBeVisible();
  expect(sent).toEqual({ value: 'secret' });
  expect(screen.queryByDisplayValue('secret')).toBeNull();
});

it('what an agent wants to do is counted in the bar and decided on its page', async () => {
  const effect: Effect = {
    id: 'eff_1',
    conversation: 'conv_1',
    agent: 'Sophie',
    tool: 'take_payment',
    call_id: 'c',
    arguments: '{"amount":12}',
    state: 'proposed',
    approval: true,
    proposed_at: '2026-11-21T10:00:00Z',
  };
  let state: Effect['state'] = 'proposed';
  server.use(
    http.get('*/api/effects', ({ request }) => {
      const wanted = new URL(request.url).searchParams.get('state');
      const items = wanted && wanted !== state ? [] : [{ ...effect, state, decided_by: 'Inès' }];
      return HttpResponse.json({ items, total: items.length });
    }),
    http.post('*/api/effects/eff_1/decide', async ({ request }) => {
      sent = await request.json();
      state = 'authorised';
      return HttpResponse.json({ ...effect, state });
    }),
  );
  renderApp('/tools/approvals');
  expect(await screen.findByRole('link', { name: '1 action waits for your decision' })).toHaveAttribute(
    'href',
    '/tools/approvals',
  );
  expect(await screen.findByRole('article', { name: 'take_payment' })).toHaveTextContent('"amount": 12');
  await userEvent.click(screen.getByRole('button', { name: 'Allow take_payment' }));
  expect(await screen.findByText('Nothing to decide')).toBeVisible();
  expect(sent).toEqual({ allow: true });
  expect(await screen.findByText('Allowed')).toBeVisible();
});

it('what somebody else changed meanwhile is seen, and what was written here is kept', async () => {
  let version = 2;
  const puts: unknown[] = [];
  server.use(
    http.get('*/tools/api/get/tool_1', () => HttpResponse.json(aTool({ version }))),
    http.put('*/tools/api/update/tool_1', async ({ request }) => {
      const body = (await request.json()) as { version: number; description: string };
      puts.push([body.version, body.description]);
      if (body.version !== version) return refusal('tool_changed', 409, {});
      version++;
      const changed = aTool({ version });
      changed.definition.function.description = body.description;
      return HttpResponse.json(changed);
    }),
  );
  const asked: string[] = [];
  vi.stubGlobal('confirm', (text: string) => asked.push(text) > 1);
  const { router } = renderApp('/tools/tool_1');
  const words = (await screen.findAllByLabelText('Description'))[0] as HTMLElement;
  version = 5;
  await userEvent.clear(words);
  await userEvent.type(words, 'Mine.');
  await userEvent.click(screen.getByRole('button', { name: 'Save' }));
  await userEvent.click(await screen.findByRole('button', { name: 'Save mine over it' }));
  expect(await screen.findByText('Saved')).toBeVisible();
  expect(puts).toEqual([
    [2, 'Mine.'],
    [5, 'Mine.'],
  ]);
  // What is kept is left without a question; what is not, after one.
  await userEvent.type(words, ' More.');
  await userEvent.click(screen.getByRole('link', { name: 'Home' }));
  await expect.poll(() => asked).toEqual(['What you wrote is not saved. Leave the page?']);
  expect(router.state.location.pathname).toBe('/tools/tool_1');
  await userEvent.click(screen.getByRole('link', { name: 'Home' }));
  await expect.poll(() => router.state.location.pathname).toBe('/');
  vi.unstubAllGlobals();
});
