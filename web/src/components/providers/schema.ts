import type { Settings } from '~/api/providers';

/** What Mask puts in the place of a secret that is set; sent back, it leaves the secret as it is. */
export const masked = '••••••••';

export interface Field {
  name: string;
  kind: 'text' | 'secret' | 'choice' | 'switch' | 'whole' | 'number' | 'list';
  description: string;
  choices: string[];
  required: boolean;
  pattern?: string;
  /** What is used when nothing is set, as it is typed. */
  fallback: string;
  /** What one needs to begin, as opposed to what tunes: it has a variable of the environment, or is a secret. */
  main: boolean;
}

interface Property {
  type?: string;
  description?: string;
  enum?: string[];
  pattern?: string;
  default?: unknown;
  writeOnly?: boolean;
  'x-env'?: string;
}

/** The fields of a form, in the order of the schema. What the schema says and we do not know is a text. */
export function fieldsOf(schema: unknown): Field[] {
  const { properties = {}, required = [] } = (schema ?? {}) as {
    properties?: Record<string, Property>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, p]) => ({
    name,
    kind: kindOf(p),
    description: p.description ?? '',
    choices: p.enum ?? [],
    required: required.includes(name) && p.default === undefined,
    pattern: p.pattern,
    fallback: typed(p.default),
    main: p.writeOnly === true || p['x-env'] !== undefined,
  }));
}

function kindOf(p: Property): Field['kind'] {
  if (p.writeOnly) return 'secret';
  if (p.enum) return 'choice';
  if (p.type === 'boolean') return 'switch';
  if (p.type === 'integer') return 'whole';
  if (p.type === 'number') return 'number';
  if (p.type === 'array') return 'list';
  return 'text';
}

/** A value as it is typed: lists have a line for each entry. */
function typed(value: unknown): string {
  if (value === undefined || value === null) return '';
  if (Array.isArray(value)) return value.join('\n');
  return String(value);
}

/** What the form's fields hold. A field that is empty is not set. */
export type Draft = Record<string, string>;

export function draftOf(fields: Field[], settings: unknown): Draft {
  const values = (settings ?? {}) as Settings;
  return Object.fromEntries(fields.map((f) => [f.name, typed(values[f.name])]));
}

export interface Wrong {
  code: 'required' | 'whole' | 'number' | 'duration';
}

/** What is wrong with what was typed, by field; the server has the last word. */
export function wrongIn(fields: Field[], draft: Draft): Record<string, Wrong> {
  const wrong: Record<string, Wrong> = {};
  for (const f of fields) {
    const text = (draft[f.name] ?? '').trim();
    if (text === '') {
      if (f.required) wrong[f.name] = { code: 'required' };
    } else if (f.kind === 'whole' && !/^-?\d+$/.test(text)) wrong[f.name] = { code: 'whole' };
    else if (f.kind === 'number' && Number.isNaN(Number(text.replace(',', '.')))) wrong[f.name] = { code: 'number' };
    else if (f.pattern && !new RegExp(f.pattern).test(text)) wrong[f.name] = { code: 'duration' };
  }
  return wrong;
}

/** The settings that a draft stands for. */
export function settingsOf(fields: Field[], draft: Draft): Settings {
  const out: Settings = {};
  for (const f of fields) {
    const text = f.kind === 'secret' ? (draft[f.name] ?? '') : (draft[f.name] ?? '').trim();
    if (text === '') continue;
    if (f.kind === 'switch') out[f.name] = text === 'true';
    else if (f.kind === 'whole' || f.kind === 'number') out[f.name] = Number(text.replace(',', '.'));
    else if (f.kind === 'list')
      out[f.name] = text
        .split('\n')
        .map((l) => l.trim())
        .filter(Boolean);
    else out[f.name] = text;
  }
  return out;
}
