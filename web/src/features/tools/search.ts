import type { ToolFilter } from './api';
import { type Kind, kinds } from './kinds';

type Raw = Record<string, unknown>;
const text = (value: unknown) =>
  typeof value === 'string' && value !== '' ? value : typeof value === 'number' ? String(value) : undefined;

export const toolFilter = (search: Raw): ToolFilter => ({
  search: text(search.search),
  category: text(search.category),
  status: (['active', 'inactive'] as const).find((s) => s === search.status),
  type: ([...kinds, 'builtin'] as const).find((s) => s === search.type),
});

export interface NewTool {
  kind?: Kind;
  /** The tool that it is to be a copy of. */
  copy?: string;
}

export const newTool = (search: Raw): NewTool => ({
  kind: kinds.find((k) => k === search.kind),
  copy: text(search.copy),
});
