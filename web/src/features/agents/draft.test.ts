import { expect, it, vi } from 'vitest';
import { type AgentDetail, Changed } from '~/api/agents';
import type { TemplateDetail } from '~/api/prompts';
import { blanksOf, filled } from './blanks';
import { Draft } from './draft';
import { emptyForm, type Form, fromTemplate, keysOf, missing } from './form';

const definition = (form: Form, status: 'draft' | 'active' = 'draft') =>
  ({
    kind: form.kind,
    status,
    name: form.name,
    description: form.description,
    language: form.language,
    instructions: form.instructions,
    greeting: { text: form.greeting },
    tools: form.tools,
    model: { flow: 'reception', provider: 'auto', name: '', fallbacks: form.fallbacks },
    realtime: { provider: 'none', model: '', voice: '' },
    voice: { provider: 'auto', id: '', rate: 1 },
    chat: { timeout: '30m0s', max_messages: 100, save: true, suggestions: [], color: '', avatar: '' },
  }) as unknown as AgentDetail['definition'];

const anAgent = (form: Form, etag: string, status: 'draft' | 'active' = 'draft') =>
  ({ reference: 'Agent-000001', etag, status, definition: definition(form, status) }) as AgentDetail;

const start: Form = { ...emptyForm('voice'), language: 'fr', name: 'Sophie', instructions: 'Vends du thé.' };

it('a conflict stops saving, keeps what is written, and asks again with all of it', async () => {
  const conflict = (yours: string[]) =>
    new Changed({
      current: anAgent({ ...start, description: 'Theirs' }, 'e2'),
      theirs: [{ path: 'description', before: '', after: 'Theirs' }],
      yours: yours.map((path) => ({ path, before: '', after: '' })),
    });
  const change = vi.fn(async (_: string, __: string, keys: object): Promise<AgentDetail> => {
    throw conflict(Object.keys(keys));
  });
  const draft = new Draft({ create: vi.fn(), change }, anAgent(start, 'e1'));
  draft.edit({ ...draft.read().form, instructions: 'Vends du café.' });
  expect(await draft.flush()).toBe(false);
  expect(draft.read()).toMatchObject({ status: 'conflict', form: { instructions: 'Vends du café.' } });

  // Writing goes on meanwhile: nothing is sent, and nothing is lost.
  draft.edit({ ...draft.read().form, greeting: 'Bonjour.' });
  expect(await draft.flush()).toBe(false);
  expect(change).toHaveBeenCalledTimes(1);
  await draft.compare();
  expect(draft.read().conflict?.yours.map((d) => d.path)).toEqual(['instructions', 'greeting']);

  // Mine are saved over theirs, on the state that they left.
  change.mockImplementation(async (_, __, keys) => anAgent({ ...start, ...(keys as Partial<Form>) }, 'e3'));
  expect(await draft.settle({ instructions: 'Vends du café.' })).toBe(true);
  expect(change).toHaveBeenLastCalledWith('Agent-000001', 'e2', { instructions: 'Vends du café.' });
  expect(draft.read()).toMatchObject({
    status: 'clean',
    conflict: undefined,
    form: { instructions: 'Vends du café.' },
  });
  draft.leave();
});

it('a new agent is made by the first save, and changes of an active one wait', async () => {
  const create = vi.fn(async () => anAgent(start, 'e1'));
  const fresh = new Draft({ create, change: vi.fn() }, start);
  expect(await fresh.flush()).toBe(true);
  expect(create).toHaveBeenCalledWith(expect.objectContaining({ kind: 'voice', name: 'Sophie' }));
  fresh.leave();

  vi.useFakeTimers();
  const change = vi.fn(async () => anAgent(start, 'e2', 'active'));
  const active = new Draft({ create, change }, anAgent(start, 'e1', 'active'));
  active.edit({ ...active.read().form, greeting: 'Bonjour.' });
  vi.advanceTimersByTime(5000);
  expect(change).not.toHaveBeenCalled();
  vi.useRealTimers();
  expect(await active.flush()).toBe(true);
  expect(change).toHaveBeenCalledWith('Agent-000001', 'e1', { greeting: { text: 'Bonjour.' } });
});

it('a template brings its words, its turns and a model that can be had', () => {
  const template = {
    id: 'reception',
    language: 'fr',
    name: 'Accueil',
    description: 'Répond.',
    greeting: 'Bonjour, {{company}}.',
    instructions: 'Ouvert : {{ hours }}. Ici {{company}}.',
    agent: { turn: { sensitivity: 'high' }, limits: { max_duration: '10m' } },
  } as unknown as TemplateDetail;
  const model = (id: string, kind: string, available: boolean) => ({ id, kind, available, provider: id }) as never;
  const flow = model('flow/reception', 'flow', true);
  expect(fromTemplate('voice', template, [model('openai/x', 'llm', false), flow]).model).toBe('flow/reception');
  expect(fromTemplate('text', template, [flow]).model).toBe('');
  const form = fromTemplate('voice', template, [flow, model('openai/x', 'llm', true)]);
  expect(keysOf(form)).toMatchObject({
    name: 'Accueil',
    model: { provider: 'openai', name: 'x' },
    turn: { sensitivity: 'high' },
    limits: { max_duration: '10m' },
  });
  for (const step of ['model', 'voice', 'tools', 'instructions', 'publish'] as const)
    expect(missing(form, step)).toEqual([]);
  const text = `${form.greeting} ${form.instructions}`;
  expect(blanksOf(text)).toEqual(['company', 'hours']);
  expect(filled(text, { company: 'Baobab', hours: ' ' })).toBe('Bonjour, Baobab. Ouvert : {{ hours }}. Ici Baobab.');
});
