import { queryOptions } from '@tanstack/react-query';
import { api, unwrap, whole } from '~/api/client';
import type { components } from '~/api/schema';

type Schemas = components['schemas'];
export type Tool = Schemas['Tool'];
export type ToolAnswer = Schemas['ToolAnswer'];
export type ToolBody = Schemas['ToolBody'];
export type ToolTried = Schemas['ToolTried'];
export type Complaint = Schemas['Complaint'];
export type Effect = Schemas['Effect'];
export type Definition = Schemas['Definition'];

/** The tools that agents can be given, whole: they are chosen from. */
export const activeToolsQuery = () =>
  queryOptions({
    queryKey: ['tools', 'active'],
    queryFn: ({ signal }) =>
      whole((page) => unwrap(api.GET('/tools/api/list', { signal, params: { query: { status: 'active', ...page } } }))),
    staleTime: 15_000,
  });

/** What agents want to do and somebody has to decide. */
export const proposedQuery = (limit: number) =>
  queryOptions({
    queryKey: ['effects', 'proposed', limit],
    queryFn: ({ signal }) =>
      unwrap(api.GET('/api/effects', { signal, params: { query: { state: 'proposed', approval: true, limit } } })),
  });
