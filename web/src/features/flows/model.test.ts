import { expect, it } from 'vitest';
import { begin, move } from './history';
import {
  add,
  arrange,
  conditions,
  connect,
  type Definition,
  inOrder,
  lead,
  remove,
  rename,
  stepAt,
  targetOf,
  turnInto,
} from './model';

const flow = (): Definition => ({
  name: 'Desk',
  languages: ['fr'],
  start: 'hello',
  nodes: [
    { id: 'bye', kind: 'end', say: { fr: ['Au revoir.'] } },
    { id: 'hello', kind: 'say', say: { fr: ['Bonjour.'] } },
    { id: 'day', kind: 'ask', slot: 'date', type: 'date', say: { fr: ['Quel jour ?'] } },
    { id: 'sure', kind: 'confirm', say: { fr: ['Le {date} ?'] } },
  ],
  edges: [
    { from: 'hello', to: 'day' },
    { from: 'day', to: 'sure' },
    { from: 'sure', to: 'bye', on: 'yes' },
    { from: '*', to: 'bye', on: 'cancel' },
  ],
});

it('steps are arranged and listed in the order in which they are gone through', () => {
  const places = arrange(flow());
  expect(inOrder(flow()).map((n) => n.id)).toEqual(['hello', 'day', 'sure', 'bye']);
  const seen = new Set(Object.values(places).map((p) => `${p.x} ${p.y}`));
  expect(seen.size).toBe(4);
  expect(arrange({ ...flow(), edges: [], start: 'nowhere' })).toHaveProperty('day');
});

it('edges are led elsewhere, and the first free condition is taken', () => {
  const d = lead(flow(), 'sure', 'no', 'day');
  expect(targetOf(d, 'sure', 'no')).toBe('day');
  expect(targetOf(lead(d, 'sure', 'no', ''), 'sure', 'no')).toBe('');
  const on = connect(flow(), 'day', 'bye');
  expect(on && targetOf(on, 'day', 'failed')).toBe('bye');
  expect(connect(flow(), 'hello', 'bye')).toBeUndefined();
});

it('a step that is renamed, removed or turned into another kind leaves no loose ends', () => {
  const renamed = rename(flow(), 'hello', 'welcome');
  expect([renamed.start, targetOf(renamed, 'welcome', '')]).toEqual(['welcome', 'day']);
  expect(remove(flow(), ['bye']).edges).toHaveLength(2);
  expect(remove(flow(), [], ['sure→yes']).edges).toHaveLength(3);
  const asked = turnInto(flow(), 'sure', 'ask');
  expect(asked.nodes[3]).toMatchObject({ kind: 'ask', slot: 'sure', type: 'text', say: { fr: ['Le {date} ?'] } });
  expect(targetOf(asked, 'sure', 'yes')).toBe('');
  expect(conditions({ id: 'c', kind: 'choose', options: [{ value: 'a', label: {}, words: {} }] })).toContain('a');
});

it('a step is added behind the chosen one', () => {
  const { definition, id } = add(flow(), 'ask', 'sure');
  expect([id, targetOf(definition, 'sure', 'no')]).toEqual(['ask_1', 'ask_1']);
  expect(add({ ...flow(), nodes: [], edges: [] }, 'say').definition.start).toBe('say_1');
});

it('places in a definition name their steps', () => {
  expect(stepAt(flow(), 'nodes[2].say.fr[0]')).toBe('day');
  expect(stepAt(flow(), 'start')).toBeUndefined();
});

it('what was done is undone; typing in one field is undone at once', () => {
  let h = begin('');
  for (const to of ['a', 'ab']) h = move(h, { do: 'change', to: () => to, about: 'name' });
  h = move(h, { do: 'change', to: () => 'abc', about: 'other' });
  h = move(h, { do: 'undo' });
  expect(h.present).toBe('ab');
  h = move(h, { do: 'undo' });
  expect(h.present).toBe('');
  expect(move(h, { do: 'undo' })).toBe(h);
  h = move(h, { do: 'redo' });
  expect(h.present).toBe('ab');
  h = move(h, { do: 'change', to: () => 'x' });
  expect(h.future).toEqual([]);
});

it('a long conversation goes on in a second column', () => {
  const ids = Array.from({ length: 8 }, (_, i) => `s${i}`);
  const d = {
    ...flow(),
    start: 's0',
    nodes: ids.map((id) => ({ id, kind: 'say' as const })),
    edges: ids.slice(1).map((to, i) => ({ from: `s${i}`, to })),
  };
  const { s5, s6 } = arrange(d);
  expect(s5?.x).toBe(0);
  expect(s6?.x).toBeGreaterThan(0);
  expect(s6?.y).toBe(0);
});
