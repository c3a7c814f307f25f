import { expect, it } from 'vitest';
import type { Tool } from '~/api/tools';
import { offered } from './toolChoice';

const tool = (name: string, display: string, description = '') =>
  ({
    name,
    display_name: display,
    tags: [],
    definition: { type: 'function', function: { name, description, parameters: {} } },
  }) as unknown as Tool;

const all = [tool('a', 'Stock'), tool('b', 'Vérifier un crédit'), tool('c', 'Weather', 'Tells the weather.')];

it('what the agent has stands on top, in its order, whatever is looked for', () => {
  const { chosen, rest, lost } = offered(all, ['c', 'gone', 'a'], 'CREDIT verifier');
  expect(chosen.map((t) => t.name)).toEqual(['c', 'a']);
  expect(rest.map((t) => t.name)).toEqual(['b']);
  expect(lost).toEqual(['gone']);
});

it('without words everything is offered', () => {
  expect(offered(all, [], '  ').rest).toHaveLength(3);
  expect(offered(all, [], 'nothing like it').rest).toHaveLength(0);
});
