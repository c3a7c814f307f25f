import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query';
import { api, unwrap } from '~/api/client';
import type { components } from '~/api/schema';
import type { FlowFilter } from './search';

type Schemas = components['schemas'];
export type Flow = Schemas['Flow'];
export type FlowDetail = Schemas['FlowDetail'];
export type FlowVersion = Schemas['FlowVersion'];
export type Finding = Schemas['FlowProblem'];
export type TrialTurn = Schemas['TrialTurn'];

const at = (id: string) => ({ path: { id } });

export const flowsQuery = ({ search }: FlowFilter) =>
  queryOptions({
    queryKey: ['flows', 'list', search],
    queryFn: ({ signal }) => unwrap(api.GET('/api/flows', { signal, params: { query: { q: search, limit: 100 } } })),
    placeholderData: keepPreviousData,
  });

export const flowQuery = (id: string) =>
  queryOptions({
    queryKey: ['flows', 'one', id],
    queryFn: async ({ signal }) => {
      let tag = '';
      const request = api.GET('/api/flows/{id}', { signal, params: at(id) }).then((answer) => {
        tag = answer.response.headers.get('ETag') ?? '';
        return answer;
      });
      return { flow: await unwrap(request), tag };
    },
  });

export const newFlow = (definition: Schemas['FlowDefinition']) =>
  unwrap(api.POST('/api/flows', { body: { definition, draft: true } }));

export const copyFlow = (id: string) => unwrap(api.POST('/api/flows/{id}/copy', { params: at(id), body: {} }));

export const deleteFlow = (id: string) => unwrap(api.DELETE('/api/flows/{id}', { params: at(id) }));

interface Saving {
  id: string;
  /** Of what was changed. */
  tag: string;
  definition: Schemas['FlowDefinition'];
  draft: boolean;
}

/** Keeps a version. What somebody else has saved in the meantime is not overwritten: that is the fault changed_meanwhile. */
export async function saveFlow({ id, tag, definition, draft }: Saving): Promise<{ flow: FlowDetail; tag: string }> {
  let next = '';
  const request = api
    .PUT('/api/flows/{id}', {
      params: { ...at(id), header: tag ? { 'If-Match': tag } : {} },
      body: { definition, draft },
    })
    .then((answer) => {
      next = answer.response.headers.get('ETag') ?? '';
      return answer;
    });
  return { flow: await unwrap(request), tag: next };
}

export const rollBack = (id: string, version: number) =>
  unwrap(api.POST('/api/flows/{id}/rollback', { params: at(id), body: { version } }));

export const findingsQuery = (definition: Schemas['FlowDefinition']) =>
  queryOptions({
    queryKey: ['flows', 'findings', definition],
    queryFn: ({ signal }) => unwrap(api.POST('/api/flows/validate', { signal, body: { definition } })),
    placeholderData: keepPreviousData,
    gcTime: 0,
  });

export interface Wish {
  definition: Schemas['FlowDefinition'];
  lang: string;
  said: string[];
  outcomes: Record<string, string>;
}

export const trialQuery = (body: Wish) =>
  queryOptions({
    queryKey: ['flows', 'trial', body],
    queryFn: ({ signal }) => unwrap(api.POST('/api/flows/try', { signal, body })),
    placeholderData: keepPreviousData,
    retry: false,
    gcTime: 0,
  });

export const versionsQuery = (id: string) =>
  infiniteQueryOptions({
    queryKey: ['flows', 'one', id, 'versions'],
    initialPageParam: '',
    queryFn: ({ signal, pageParam }) =>
      unwrap(
        api.GET('/api/flows/{id}/versions', {
          signal,
          params: { ...at(id), query: { limit: 20, cursor: pageParam || undefined } },
        }),
      ),
    getNextPageParam: (last) => last.next_cursor,
  });

export const diffQuery = (id: string, from: number, to: number) =>
  queryOptions({
    queryKey: ['flows', 'one', id, 'diff', from, to],
    queryFn: ({ signal }) =>
      unwrap(api.GET('/api/flows/{id}/diff', { signal, params: { ...at(id), query: { from, to } } })),
    staleTime: Number.POSITIVE_INFINITY, // versions do not change
  });
