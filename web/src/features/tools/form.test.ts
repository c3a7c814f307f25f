import { expect, it } from 'vitest';
import type { Tool } from '~/api/tools';
import {
  bodyOf,
  complaintsOf,
  emptyForm,
  formOf,
  missing,
  nameFrom,
  rowsOf,
  sampleOf,
  schemaOf,
  variable,
} from './form';

const tool = (over: Partial<Tool>): Tool => ({
  id: 'tool_1',
  tool_id: 'tool_1',
  name: 'create_client',
  display_name: 'Create a client',
  type: 'api',
  category: 'waka_clients',
  tags: ['crm'],
  status: 'active',
  is_system: false,
  version: 4,
  definition: {
    type: 'function',
    function: {
      name: 'create_client',
      description: 'Creates a client.',
      parameters: {
        type: 'object',
        properties: {
          first_name: { type: 'string', description: 'First name', minLength: 1 },
          lang: { type: 'string', enum: ['fr', 'en'] },
        },
        required: ['first_name'],
        additionalProperties: false,
      },
    },
  },
  policy: { approval: true, effect: false, timeout_seconds: 20 },
  created_at: '',
  updated_at: '',
  created_by: '',
  updated_by: '',
  ...over,
});

it('a request comes out of the form as it went in', () => {
  const execution: Tool['execution'] = {
    type: 'http',
    endpoint: 'https://api.example.com/v1/clients',
    method: 'POST',
    headers: { Accept: 'application/json' },
    auth_type: 'bearer',
    auth_config: { value: '••••••••' },
    params_mapping: {
      first_name: { in: 'body', name: 'firstName' },
      lang: { in: 'header', name: 'Accept-Language', default: 'fr' },
    },
    body_template: { firstName: '{{first_name}}' },
    timeout: 12,
  };
  const it = tool({ execution });
  const body = bodyOf(formOf(it), it);
  expect(body.execution).toEqual(execution);
  expect(body.parameters).toEqual(it.definition.function.parameters);
  expect(body).toMatchObject({
    version: 4,
    display_name: 'Create a client',
    policy: { approval: true, effect: false, timeout_seconds: 20 },
  });
});

it('a tool server comes out of the form as it went in, by program and over the network', () => {
  const stdio: Tool['execution'] = {
    type: 'mcp',
    transport: 'stdio',
    command: 'npx',
    args: ['-y', 'a server'],
    env: { A: 'b' },
    allowed_tools: ['read'],
  };
  const http: Tool['execution'] = {
    type: 'mcp',
    transport: 'http',
    server_url: 'https://mcp.example.com',
    headers: {},
    auth_type: 'api_key',
    auth_config: { value: variable('KEY'), header_name: 'X-Key', in: 'query' },
  };
  for (const execution of [stdio, http]) {
    const it = tool({ type: 'mcp_server', execution });
    const body = bodyOf(formOf(it), it);
    expect(body.execution).toEqual(execution);
    expect(body.parameters).toBeUndefined();
  }
});

it('code keeps its defaults', () => {
  const parameters = {
    type: 'object',
    properties: { rate: { type: 'number', description: 'Rate', default: 0.05 } },
    required: [],
  };
  const it = tool({
    type: 'code',
    definition: { type: 'function', function: { name: 'x', description: '', parameters } },
    execution_python: { code: 'def execute(params): return 1', outputs: ['a', 'b'] },
  });
  const body = bodyOf(formOf(it), it);
  expect(body.parameters).toEqual(parameters);
  expect(body.execution).toBeUndefined();
  expect(body.execution_python).toMatchObject({
    outputs: ['a', 'b'],
    inputs: [{ name: 'rate', type: 'number', required: false, default: 0.05 }],
  });
});

it('a schema that rows cannot show stays a text', () => {
  const parameters = { type: 'object', properties: { a: { oneOf: [{ type: 'string' }, { type: 'null' }] } } };
  expect(rowsOf(parameters)).toBeUndefined();
  const it = tool({ definition: { type: 'function', function: { name: 'x', description: '', parameters } } });
  const form = formOf(it);
  expect(bodyOf(form, it).parameters).toEqual(parameters);
  expect(missing({ ...form, endpoint: 'https://a.example', schema: '{' }).map((m) => m.why)).toEqual(['schema']);
});

it('a text body stays a text, and a broken name is said', () => {
  const form = { ...emptyForm('api'), name: 'é', endpoint: 'https://a.example', body: 'a={{b}}&c=1' };
  expect(bodyOf(form).execution?.body_template).toBe('a={{b}}&c=1');
  expect(missing(form).map((m) => m.why)).toEqual(['nameRule']);
  expect(missing(emptyForm('mcp_server')).map((m) => m.field)).toEqual(['name', 'url']);
  const twice = rowsOf(schemaOf([]))?.params ?? [];
  const row = { ...(emptyForm('code').params[0] as (typeof twice)[number]), name: 'a' };
  expect(missing({ ...form, name: 'ok', params: [row, row] }).map((m) => m.why)).toEqual(['paramTwice']);
});

it('names are made of words', () => {
  expect(nameFrom('  Vérifier le stock n° 2 !')).toBe('verifier_le_stock_n_2');
});

it('a trial begins with what is needed', () => {
  const schema = {
    type: 'object',
    properties: {
      a: { type: 'string' },
      b: { type: 'integer', minimum: 3 },
      c: { enum: ['x', 'y'] },
      d: { type: 'number', default: 0.5 },
      e: { type: 'boolean' },
    },
    required: ['a', 'b', 'c'],
  };
  expect(sampleOf(schema)).toEqual({ a: '', b: 3, c: 'x', d: 0.5 });
});

it('length is not said twice', () => {
  const list = [
    { path: 'description', code: 'too_long' as const, message: '' },
    { path: 'description', code: 'example' as const, message: 'No examples.' },
    { path: 'parameters.a', code: 'missing' as const, message: '' },
  ];
  expect(complaintsOf(list, 'description').map((c) => c.code)).toEqual(['example']);
});
