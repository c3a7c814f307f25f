type Raw = Record<string, unknown>;
const text = (value: unknown) => (typeof value === 'string' && value !== '' ? value : undefined);

export interface FlowFilter {
  search?: string;
}

export const flowFilter = (search: Raw): FlowFilter => ({ search: text(search.search) });

/** Where somebody is in the editor. */
export interface FlowPlace {
  /** The chosen step. */
  node?: string;
  /** The steps as a drawing or as a list; nothing: what the screen has room for. */
  view?: 'canvas' | 'list';
}

export const flowPlace = (search: Raw): FlowPlace => ({
  node: text(search.node),
  view: (['canvas', 'list'] as const).find((v) => v === search.view),
});
