import type { Tool } from '~/api/tools';

const plain = (text: string) =>
  text
    .normalize('NFD')
    .replace(/[\u0300-\u036f]/g, '')
    .toLocaleLowerCase();

/** The tools of the step: those that the agent has, in its order; the others that match the words; and those that it names and that are not there. */
export function offered(tools: Tool[], names: string[], words: string) {
  const byName = new Map(tools.map((t) => [t.name, t]));
  const parts = plain(words).split(/\s+/).filter(Boolean);
  const matches = (t: Tool) => {
    const text = plain(`${t.name} ${t.display_name} ${t.definition.function.description} ${t.tags.join(' ')}`);
    return parts.every((p) => text.includes(p));
  };
  const chosen = names.flatMap((n) => byName.get(n) ?? []);
  return {
    chosen,
    rest: tools.filter((t) => !names.includes(t.name) && matches(t)),
    lost: names.filter((n) => !byName.has(n)),
  };
}
