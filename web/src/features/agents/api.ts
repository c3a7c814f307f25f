import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query';
import { type Agent, type AgentKeys, changed } from '~/api/agents';
import { api, unwrap, whole } from '~/api/client';

/** What a gallery shows; all of it is in its address. */
export interface GalleryFilter {
  search?: string;
  status?: Agent['status'];
  model?: string;
  language?: string;
  sort?: Sort;
}

export const sorts = ['name', '-updated', '-created', 'reference'] as const;
export type Sort = (typeof sorts)[number];

export const galleryQuery = (kind: Agent['kind'], { sort = 'name', search, ...filter }: GalleryFilter) =>
  infiniteQueryOptions({
    queryKey: ['agents', 'list', kind, search, filter, sort],
    initialPageParam: '',
    queryFn: ({ signal, pageParam }) =>
      unwrap(
        api.GET('/api/agents', {
          signal,
          params: { query: { ...filter, q: search, kind, sort, limit: 24, cursor: pageParam || undefined } },
        }),
      ),
    getNextPageParam: (last) => last.next_cursor,
    placeholderData: keepPreviousData,
  });

/** What the filters offer: the models and languages that agents have. */
export const choicesQuery = (kind: Agent['kind']) =>
  queryOptions({
    queryKey: ['agents', 'choices', kind],
    queryFn: async ({ signal }) => {
      const query = { kind, sort: '-updated' as const, limit: 100 };
      const { items, total } = await unwrap(api.GET('/api/agents', { signal, params: { query } }));
      const distinct = (values: string[]) => [...new Set(values)].sort();
      return {
        total,
        models: distinct(items.map((a) => a.model_name)),
        languages: distinct(items.map((a) => a.language.split('-')[0] ?? '')),
      };
    },
  });

export const agentQuery = (reference: string) =>
  queryOptions({
    queryKey: ['agents', reference],
    queryFn: ({ signal }) => unwrap(api.GET('/api/agents/{reference}', { signal, params: { path: { reference } } })),
  });

export const versionsQuery = (reference: string) =>
  infiniteQueryOptions({
    queryKey: ['agents', reference, 'versions'],
    initialPageParam: '',
    queryFn: ({ signal, pageParam }) =>
      unwrap(
        api.GET('/api/agents/{reference}/versions', {
          signal,
          params: { path: { reference }, query: { cursor: pageParam || undefined } },
        }),
      ),
    getNextPageParam: (last) => last.next_cursor,
  });

export const diffQuery = (reference: string, from: number, to: number) =>
  queryOptions({
    queryKey: ['agents', reference, 'diff', from, to],
    queryFn: ({ signal }) =>
      unwrap(api.GET('/api/agents/{reference}/diff', { signal, params: { path: { reference }, query: { from, to } } })),
    staleTime: Number.POSITIVE_INFINITY, // versions do not change
  });

export const nameQuery = (name: string, except: string | undefined) =>
  queryOptions({
    queryKey: ['agents', 'name', name, except],
    queryFn: ({ signal }) =>
      unwrap(api.GET('/api/agents/name-available', { signal, params: { query: { name, except } } })),
    enabled: name !== '',
  });

export const modelsQuery = (lang: string) =>
  queryOptions({
    queryKey: ['models', lang],
    queryFn: ({ signal }) =>
      whole((page) => unwrap(api.GET('/api/models', { signal, params: { query: { lang, ...page } } }))),
    staleTime: 30_000,
    placeholderData: keepPreviousData,
  });

export interface VoiceFilter {
  model?: string;
  language?: string;
  locale?: string;
  gender?: 'female' | 'male' | 'neutral' | 'unknown';
  type?: 'azure-standard' | 'azure-personal' | 'azure-custom' | 'openai' | 'google' | 'local';
  available?: 'true';
}

export const voicesQuery = (filter: VoiceFilter, lang: string) =>
  queryOptions({
    queryKey: ['voices', filter, lang],
    queryFn: ({ signal }) =>
      whole((page) => unwrap(api.GET('/api/voices', { signal, params: { query: { ...filter, lang, ...page } } }))),
    staleTime: 30_000,
    placeholderData: keepPreviousData,
  });

const at = (reference: string, etag?: string) => ({
  path: { reference },
  header: etag ? { 'If-Match': `"${etag}"` } : {},
});

export const createAgent = (definition: AgentKeys) => changed(api.POST('/api/agents', { body: { definition } }));

export const changeAgent = (reference: string, etag: string, definition: AgentKeys) =>
  changed(api.PATCH('/api/agents/{reference}', { params: at(reference, etag), body: { definition } }));

export const publishAgent = (reference: string, etag?: string) =>
  changed(api.POST('/api/agents/{reference}/publish', { params: at(reference, etag) }));

export const unpublishAgent = (reference: string, etag?: string) =>
  changed(api.POST('/api/agents/{reference}/unpublish', { params: at(reference, etag) }));

export const rollBackAgent = (reference: string, etag: string | undefined, version: number, note: string) =>
  changed(api.POST('/api/agents/{reference}/rollback', { params: at(reference, etag), body: { version, note } }));

export const duplicateAgent = (reference: string) =>
  changed(api.POST('/api/agents/{reference}/duplicate', { params: { path: { reference } }, body: {} }));

export const deleteAgent = (reference: string) =>
  changed(api.DELETE('/api/agents/{reference}', { params: at(reference) }));

export const restoreAgent = (reference: string) =>
  changed(api.POST('/api/agents/{reference}/restore', { params: { path: { reference } } }));

export const importAgent = (text: string) =>
  changed(
    api.POST('/api/agents/import', {
      body: text,
      bodySerializer: (body) => body,
      headers: { 'Content-Type': 'application/yaml' },
    }),
  );

/** The address of an agent's file; the browser saves it. */
export const exportAddress = (reference: string) => `/api/agents/${encodeURIComponent(reference)}/export`;
