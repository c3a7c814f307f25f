import type { Complaint, Tool, ToolBody } from '~/api/tools';
import { type Kind, kinds } from './kinds';

export const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;
export const paramTypes = ['string', 'number', 'integer', 'boolean', 'array', 'object'] as const;
export type ParamType = (typeof paramTypes)[number];
export const places = ['path', 'query', 'header', 'body'] as const;

/** The validator's limits, in characters. */
export const mostDescription = 400;
export const mostParameter = 120;

type Tree = Record<string, unknown>;
const isTree = (v: unknown): v is Tree => typeof v === 'object' && v !== null && !Array.isArray(v);

export interface Pair {
  name: string;
  value: string;
}

/** A parameter as the schema has it, and where a request puts it. */
export interface Param {
  name: string;
  type: ParamType;
  required: boolean;
  description: string;
  /** Where it goes; empty: by the rule of the method. */
  place: '' | (typeof places)[number];
  /** Its name there; empty: its own. */
  as: string;
  /** What the schema says of it besides: enum, items, limits, default. */
  rest: Tree;
  /** What goes into the request when a call leaves it out; not shown, kept as it is. */
  otherwise?: unknown;
}

export interface ToolForm {
  kind: Kind;
  name: string;
  display: string;
  category: string;
  /** Separated by commas. */
  tags: string;
  description: string;
  params: Param[];
  /** The schema as text, while it is written as such; the rows are then not looked at. */
  schema?: string;
  /** Keys of the schema besides type, properties and required. */
  schemaRest: Tree;
  endpoint: string;
  method: string;
  headers: Pair[];
  auth: 'none' | 'bearer' | 'api_key' | 'basic';
  authValue: string;
  authHeader: string;
  authIn: 'header' | 'query';
  username: string;
  password: string;
  body: string;
  transport: 'stdio' | 'sse' | 'http';
  command: string;
  /** One per line. */
  args: string;
  env: Pair[];
  url: string;
  label: string;
  /** One per line; none: all. */
  allowed: string;
  code: string;
  /** Separated by commas. */
  outputs: string;
  stdlib: boolean;
  approval: boolean;
  effect: '' | 'yes' | 'no';
  timeout: number | '';
  filler: number | '';
  later: number | '';
}

/** How a text refers to a variable. */
export const variable = (name: string) => `\${env.${name}}`;

export const firstCode = 'def execute(params):\n    return {"result": params["value"]}\n';

export const emptyForm = (kind: Kind): ToolForm => ({
  kind,
  name: '',
  display: '',
  category: 'custom',
  tags: '',
  description: '',
  params: kind === 'code' ? [{ ...emptyParam(), name: 'value', required: true }] : [],
  schemaRest: {},
  endpoint: '',
  method: 'GET',
  headers: [],
  auth: 'none',
  authValue: '',
  authHeader: '',
  authIn: 'header',
  username: '',
  password: '',
  body: '',
  transport: 'http',
  command: '',
  args: '',
  env: [],
  url: '',
  label: '',
  allowed: '',
  code: kind === 'code' ? firstCode : '',
  outputs: '',
  stdlib: false,
  approval: false,
  effect: '',
  timeout: '',
  filler: '',
  later: '',
});

export const emptyParam = (): Param => ({
  name: '',
  type: 'string',
  required: false,
  description: '',
  place: '',
  as: '',
  rest: {},
});

/** The rows of a schema and what they do not hold; undefined when it has something that rows cannot show. */
export function rowsOf(schema: unknown): { params: Param[]; rest: Tree } | undefined {
  if (!isTree(schema)) return { params: [], rest: {} };
  const { type, properties = {}, required = [], ...rest } = schema;
  if (type !== 'object' || !isTree(properties) || !Array.isArray(required)) return undefined;
  const params: Param[] = [];
  for (const [name, value] of Object.entries(properties)) {
    if (!isTree(value)) return undefined;
    const { type: of, description = '', ...more } = value;
    const known = paramTypes.find((t) => t === of);
    if (!known || typeof description !== 'string') return undefined;
    params.push({ ...emptyParam(), name, type: known, description, required: required.includes(name), rest: more });
  }
  if (required.some((r) => !Object.hasOwn(properties, String(r)))) return undefined;
  return { params, rest };
}

/** The schema of rows. Rows without a name are not there yet. */
export function schemaOf(params: Param[], rest: Tree = {}): Tree {
  const named = params.filter((p) => p.name.trim() !== '');
  return {
    ...rest,
    type: 'object',
    properties: Object.fromEntries(
      named.map((p) => [
        p.name.trim(),
        { type: p.type, ...(p.description ? { description: p.description } : {}), ...p.rest },
      ]),
    ),
    required: named.filter((p) => p.required).map((p) => p.name.trim()),
  };
}

/** What the tool takes, as it would be sent: an object, or undefined when the text is no JSON object. */
export function currentSchema(form: ToolForm): Tree | undefined {
  if (form.schema === undefined) return schemaOf(form.params, form.schemaRest);
  const schema = parsed(form.schema);
  return isTree(schema) ? schema : undefined;
}

/** A JSON value; undefined when it is none. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const lines = (text: string) =>
  text
    .split('\n')
    .map((l) => l.trim())
    .filter(Boolean);
const listed = (text: string) =>
  text
    .split(',')
    .map((l) => l.trim())
    .filter(Boolean);
const pairsOf = (of: Record<string, string> | undefined): Pair[] =>
  Object.entries(of ?? {}).map(([name, value]) => ({ name, value }));
const objectOf = (pairs: Pair[]): Record<string, string> =>
  Object.fromEntries(pairs.filter((p) => p.name.trim() !== '').map((p) => [p.name.trim(), p.value]));
const bodyText = (body: unknown) =>
  body === undefined || body === null ? '' : typeof body === 'string' ? body : JSON.stringify(body, null, 2);
const indented = (schema: unknown) => JSON.stringify(schema, null, 2);

/** A tool as the form shows it. */
export function formOf(tool: Tool): ToolForm {
  const kind = kinds.find((k) => k === tool.type) ?? 'api';
  const { function: f } = tool.definition;
  const rows = rowsOf(f.parameters);
  const e = tool.execution ?? {};
  const mapping = e.params_mapping ?? {};
  const p = tool.policy;
  return {
    ...emptyForm(kind),
    name: tool.name,
    display: tool.display_name === tool.name ? '' : tool.display_name,
    category: tool.category,
    tags: tool.tags.join(', '),
    description: f.description,
    params: (rows?.params ?? []).map((row) => ({
      ...row,
      place: places.find((x) => x === mapping[row.name]?.in) ?? '',
      as: mapping[row.name]?.name ?? '',
      otherwise: mapping[row.name]?.default,
    })),
    schema: rows ? undefined : indented(f.parameters),
    schemaRest: rows?.rest ?? {},
    endpoint: e.endpoint ?? '',
    method: (e.method || 'GET').toUpperCase(),
    headers: pairsOf(e.headers),
    auth: e.auth_type ?? 'none',
    authValue: e.auth_config?.value ?? '',
    authHeader: e.auth_config?.header_name ?? '',
    authIn: e.auth_config?.in ?? 'header',
    username: e.auth_config?.username ?? '',
    password: e.auth_config?.password ?? '',
    body: bodyText(e.body_template),
    transport: e.transport ?? 'http',
    command: e.command ?? '',
    args: (e.args ?? []).join('\n'),
    env: pairsOf(e.env),
    url: e.server_url || e.url || '',
    label: e.server_label ?? '',
    allowed: (e.allowed_tools ?? []).join('\n'),
    code: tool.execution_python?.code ?? '',
    outputs: (tool.execution_python?.outputs ?? []).join(', '),
    stdlib: tool.execution_python?.stdlib ?? false,
    approval: !!p.approval || e.require_approval === 'always',
    effect: p.effect === undefined ? '' : p.effect ? 'yes' : 'no',
    timeout: p.timeout_seconds || '',
    filler: p.filler_seconds || '',
    later: p.report_seconds || '',
  };
}

type Execution = NonNullable<ToolBody['execution']>;

function authOf(form: ToolForm): Pick<Execution, 'auth_type' | 'auth_config'> {
  switch (form.auth) {
    case 'none':
      return { auth_type: 'none' };
    case 'basic':
      return {
        auth_type: 'basic',
        auth_config: form.username ? { username: form.username, password: form.password } : { value: form.authValue },
      };
    case 'bearer':
      return { auth_type: 'bearer', auth_config: { value: form.authValue } };
    case 'api_key':
      return {
        auth_type: 'api_key',
        auth_config: { value: form.authValue, header_name: form.authHeader, in: form.authIn },
      };
  }
}

function requestOf(form: ToolForm): Execution {
  const mapped = form.schema === undefined ? form.params.filter((p) => p.name.trim() && p.place) : [];
  const body = form.body.trim();
  const template = parsed(body);
  return {
    type: 'http',
    endpoint: form.endpoint.trim(),
    method: form.method,
    headers: objectOf(form.headers),
    ...authOf(form),
    ...(mapped.length > 0
      ? {
          params_mapping: Object.fromEntries(
            mapped.map((p) => [
              p.name.trim(),
              {
                in: p.place,
                ...(p.as.trim() ? { name: p.as.trim() } : {}),
                ...(p.otherwise === undefined ? {} : { default: p.otherwise }),
              },
            ]),
          ),
        }
      : {}),
    ...(body ? { body_template: typeof template === 'object' && template !== null ? template : form.body } : {}),
  };
}

function serverOf(form: ToolForm): Execution {
  const allowed = lines(form.allowed);
  const more = {
    ...(form.label ? { server_label: form.label } : {}),
    ...(allowed.length > 0 ? { allowed_tools: allowed } : {}),
  };
  if (form.transport === 'stdio') {
    const { command, args, env } = form;
    return { type: 'mcp', transport: 'stdio', command: command.trim(), args: lines(args), env: objectOf(env), ...more };
  }
  const url = form.url.trim();
  return {
    type: 'mcp',
    transport: form.transport,
    ...(form.transport === 'sse' ? { url } : { server_url: url }),
    headers: objectOf(form.headers),
    ...authOf(form),
    ...more,
  };
}

/** A form as it is sent. base is the tool that it changes: its version makes the change conditional, and what the form does not show stays. */
export function bodyOf(form: ToolForm, base?: Tool): ToolBody {
  const seconds = (key: string, v: number | '') => (v === '' ? {} : { [key]: v });
  const body: ToolBody = {
    ...(base ? { version: base.version } : {}),
    name: form.name.trim(),
    display_name: form.display.trim() || form.name.trim(),
    type: form.kind,
    category: form.category,
    tags: listed(form.tags),
    description: form.description.trim(),
    policy: {
      approval: form.approval,
      ...(form.effect ? { effect: form.effect === 'yes' } : {}),
      ...seconds('timeout_seconds', form.timeout),
      ...seconds('filler_seconds', form.filler),
      ...seconds('report_seconds', form.later),
    },
  };
  if (form.kind !== 'mcp_server') body.parameters = currentSchema(form) ?? schemaOf([]);
  if (form.kind === 'code') {
    const outputs = listed(form.outputs);
    const inputs =
      form.schema === undefined
        ? form.params
            .filter((p) => p.name.trim())
            .map((p) => ({
              name: p.name.trim(),
              type: p.type,
              required: p.required,
              description: p.description,
              ...('default' in p.rest ? { default: p.rest.default } : {}),
            }))
        : [];
    body.execution_python = { type: 'python', code: form.code, inputs, outputs, stdlib: form.stdlib };
  } else {
    const kept: Execution = {};
    if (base?.execution?.timeout) kept.timeout = base.execution.timeout;
    body.execution = { ...kept, ...(form.kind === 'api' ? requestOf(form) : serverOf(form)) };
  }
  return body;
}

const nameRule = /^[a-zA-Z0-9][a-zA-Z0-9_-]{0,62}$/;

/** A name that models take, made of words. */
export const nameFrom = (words: string) =>
  words
    .normalize('NFD')
    .replace(/[\u0300-\u036f]/g, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '')
    .slice(0, 63);

export type Field = 'name' | 'endpoint' | 'command' | 'url' | 'code' | 'schema' | 'params';
export interface Missing {
  field: Field;
  why: 'name' | 'nameRule' | 'endpoint' | 'command' | 'url' | 'code' | 'schema' | 'paramTwice';
}

/** What keeps the form from being sent, in the order of the screen. */
export function missing(form: ToolForm): Missing[] {
  const out: Missing[] = [];
  const need = (when: boolean, field: Field, why: Missing['why']) => when && out.push({ field, why });
  const name = form.name.trim();
  need(name === '', 'name', 'name');
  need(name !== '' && !nameRule.test(name), 'name', 'nameRule');
  need(form.kind === 'api' && form.endpoint.trim() === '', 'endpoint', 'endpoint');
  if (form.kind === 'mcp_server') {
    need(form.transport === 'stdio' && form.command.trim() === '', 'command', 'command');
    need(form.transport !== 'stdio' && form.url.trim() === '', 'url', 'url');
  }
  need(form.kind === 'code' && form.code.trim() === '', 'code', 'code');
  if (form.kind !== 'mcp_server') {
    need(currentSchema(form) === undefined, 'schema', 'schema');
    const names = form.params.map((p) => p.name.trim()).filter(Boolean);
    need(form.schema === undefined && new Set(names).size < names.length, 'params', 'paramTwice');
  }
  return out;
}

/** Arguments to try a tool with: of each parameter that is needed, a value of its type. */
export function sampleOf(schema: unknown): Tree {
  if (!isTree(schema) || !isTree(schema.properties)) return {};
  const required = Array.isArray(schema.required) ? schema.required : [];
  const out: Tree = {};
  for (const [name, of] of Object.entries(schema.properties)) {
    if (!isTree(of)) continue;
    if ('default' in of) out[name] = of.default;
    else if (required.includes(name)) out[name] = exampleOf(of);
  }
  return out;
}

function exampleOf(of: Tree): unknown {
  if (Array.isArray(of.enum) && of.enum.length > 0) return of.enum[0];
  switch (of.type) {
    case 'number':
    case 'integer':
      return typeof of.minimum === 'number' ? of.minimum : 1;
    case 'boolean':
      return true;
    case 'array':
      return [];
    case 'object':
      return sampleOf(of);
    default:
      return '';
  }
}

/** What the validator says of a place: "description", or a parameter's name. Length is watched while typing; of the rest, what the server said of the same words. */
export function complaintsOf(complaints: Complaint[], path: string): Complaint[] {
  const here = (at: string) => at === path || (path !== 'description' && at.startsWith(`${path}.`));
  return complaints.filter((c) => here(c.path) && c.code !== 'too_long');
}

export const parameterPath = (name: string) => `parameters.${name}`;

export const characters = (text: string) => [...text].length;
