import type { components } from '~/api/schema';

type Schemas = components['schemas'];
export type Definition = Schemas['FlowDefinition'];
export type Step = Schemas['Node'];
export type Edge = Schemas['Edge'];
export type Option = Schemas['Option'];
export type Kind = Step['kind'];

export const kinds = ['say', 'ask', 'choose', 'confirm', 'call', 'model', 'human', 'end'] as const satisfies Kind[];
export const slotTypes = ['name', 'phone', 'date', 'time', 'number', 'text'] as const;
/** Where edges begin that are taken from everywhere. */
export const anywhere = '*';

export const stepOf = (d: Definition, id: string | undefined) => d.nodes.find((n) => n.id === id);

/** What edges from a step can wait for. of a call more than these: the status of the tool's answer. */
export function conditions(step: Step): string[] {
  switch (step.kind) {
    case 'say':
      return [''];
    case 'ask':
      return ['', 'failed'];
    case 'choose':
      return ['', ...(step.options ?? []).map((o) => o.value), 'other', 'failed'];
    case 'confirm':
      return ['yes', 'no'];
    case 'call':
      return ['ok', 'failed'];
    case 'model':
      return ['done', 'unavailable'];
    case 'human':
      return ['unavailable'];
    default:
      return [];
  }
}

export const edgesFrom = (d: Definition, id: string) => d.edges.filter((e) => e.from === id);
export const targetOf = (d: Definition, from: string, on: string) =>
  d.edges.find((e) => e.from === from && (e.on ?? '') === on)?.to ?? '';

/** The definition with an edge led elsewhere; to '' it is gone. */
export function lead(d: Definition, from: string, on: string, to: string): Definition {
  const rest = d.edges.filter((e) => e.from !== from || (e.on ?? '') !== on);
  return { ...d, edges: to === '' ? rest : [...rest, on === '' ? { from, to } : { from, to, on }] };
}

/** Leads on from a step by the first condition that leads nowhere yet; undefined when there is none. */
export function connect(d: Definition, from: string, to: string): Definition | undefined {
  const step = stepOf(d, from);
  if (!step) return undefined;
  const free = conditions(step).find((on) => targetOf(d, from, on) === '');
  return free === undefined ? undefined : lead(d, from, free, to);
}

export const change = (d: Definition, id: string, part: Partial<Step>): Definition => ({
  ...d,
  nodes: d.nodes.map((n) => (n.id === id ? { ...n, ...part } : n)),
});

/** A step of another kind keeps its name, its words and what the new kind has in common with the old. */
export function turnInto(d: Definition, id: string, kind: Kind): Definition {
  const was = stepOf(d, id);
  if (!was) return d;
  const next: Step = { id, kind, say: was.say, label: was.label, position: was.position };
  if (kind === 'ask') Object.assign(next, { slot: was.slot || id, type: was.type ?? 'text' });
  if (kind === 'choose') Object.assign(next, { slot: was.slot || id, options: was.options ?? [] });
  if (kind === 'call') Object.assign(next, { tool: was.tool ?? '', arguments: was.arguments ?? {} });
  if (kind === 'model') next.instructions = was.instructions ?? '';
  if (kind === 'human') next.number = was.number ?? '';
  const can = conditions(next);
  const edges = d.edges.filter((e) => e.from !== id || kind === 'call' || can.includes(e.on ?? ''));
  return { ...d, nodes: d.nodes.map((n) => (n.id === id ? next : n)), edges };
}

/** Adds a step, behind the chosen one where that leads nowhere yet. */
export function add(d: Definition, kind: Kind, behind?: string): { definition: Definition; id: string } {
  let n = 1;
  while (stepOf(d, `${kind}_${n}`)) n++;
  const id = `${kind}_${n}`;
  const by = stepOf(d, behind)?.position;
  const position = by && { x: by.x + 40, y: by.y + rowHeight };
  let next: Definition = { ...d, nodes: [...d.nodes, { id, kind, say: {}, ...(position && { position }) }] };
  next = turnInto(next, id, kind);
  if (d.nodes.length === 0) next.start = id;
  else if (behind) next = connect(next, behind, id) ?? next;
  return { definition: next, id };
}

/** Takes steps and edges away. An edge is named as edgeId has it. */
export function remove(d: Definition, ids: string[], edges: string[] = []): Definition {
  return {
    ...d,
    nodes: d.nodes.filter((n) => !ids.includes(n.id)),
    edges: d.edges.filter((e) => !ids.includes(e.from) && !ids.includes(e.to) && !edges.includes(edgeId(e))),
  };
}

/** Gives a step another id, wherever it is named. */
export function rename(d: Definition, was: string, id: string): Definition {
  const to = (x: string) => (x === was ? id : x);
  return {
    ...d,
    start: to(d.start),
    nodes: d.nodes.map((n) => (n.id === was ? { ...n, id } : n)),
    edges: d.edges.map((e) => ({ ...e, from: to(e.from), to: to(e.to) })),
  };
}

export const edgeId = (e: Edge) => `${e.from}→${e.on ?? ''}`;

export const columnWidth = 270;
export const rowHeight = 130;
/** After so many rows a new column begins: a long conversation would be too high to read. */
const rowsDown = 6;

/** How many steps lead to each at least, in the order in which they are found. */
function ranked(d: Definition): Map<string, number> {
  const rank = new Map<string, number>();
  const follow = (first: string, from: number) => {
    const queue: [string, number][] = [[first, from]];
    for (let item = queue.shift(); item; item = queue.shift()) {
      const [id, depth] = item;
      if (rank.has(id) || !stepOf(d, id)) continue;
      rank.set(id, depth);
      for (const e of edgesFrom(d, id)) queue.push([e.to, depth + 1]);
    }
  };
  follow(d.start, 0);
  for (const e of edgesFrom(d, anywhere)) follow(e.to, 1);
  const deepest = Math.max(0, ...rank.values());
  for (const n of d.nodes) follow(n.id, deepest + 1); // what nothing leads to stands apart
  return rank;
}

/** Places for all steps: each below those that lead to it or at the top of the next column, the way that is gone first on the left. */
export function arrange(d: Definition): Record<string, { x: number; y: number }> {
  const rank = ranked(d);
  const rows: string[][] = [];
  for (const [id, r] of rank) {
    rows[r] = [...(rows[r] ?? []), id];
  }
  const places: Record<string, { x: number; y: number }> = {};
  let left = 0;
  for (let top = 0; top < rows.length; top += rowsDown) {
    const band = Array.from({ length: Math.min(rowsDown, rows.length - top) }, (_, i) => rows[top + i] ?? []);
    band.forEach((ids, y) => {
      ids.forEach((id, x) => {
        places[id] = { x: left + x * columnWidth, y: y * rowHeight };
      });
    });
    left += Math.max(1, ...band.map((ids) => ids.length)) * columnWidth;
  }
  return places;
}

/** The definition with every step in its place. */
export const arranged = (d: Definition): Definition => {
  const places = arrange(d);
  return { ...d, nodes: d.nodes.map((n) => ({ ...n, position: places[n.id] ?? { x: 0, y: 0 } })) };
};

/** Where the steps stand: where they were put, else where arranging puts them. */
export function placesOf(d: Definition): Record<string, { x: number; y: number }> {
  if (!d.nodes.some((n) => n.position)) return arrange(d);
  const places = arrange(d);
  for (const n of d.nodes) if (n.position) places[n.id] = n.position;
  return places;
}

/** The steps as they are gone through: for those who read them as a list. */
export function inOrder(d: Definition): Step[] {
  const order = [...ranked(d).keys()];
  return [...d.nodes].sort((a, b) => order.indexOf(a.id) - order.indexOf(b.id));
}

export const firstWords = (step: Step, lang: string) => step.say?.[lang]?.[0] ?? '';

/** The step that a place in a definition is about, as nodes[3].say.fr; undefined for none. */
export function stepAt(d: Definition, path: string): string | undefined {
  const i = /^nodes\[(\d+)\]/.exec(path)?.[1];
  return i === undefined ? undefined : d.nodes[Number(i)]?.id;
}
