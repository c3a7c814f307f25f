import { queryOptions } from '@tanstack/react-query';
import { api, unwrap, whole } from '~/api/client';

export type Settings = Record<string, unknown>;

export const providersQuery = () =>
  queryOptions({
    queryKey: ['providers'],
    queryFn: ({ signal }) => whole((query) => unwrap(api.GET('/api/providers', { signal, params: { query } }))),
  });

export const setProvider = (id: string, settings: Settings) =>
  unwrap(api.PUT('/api/providers/{id}', { params: { path: { id } }, body: { settings } }));

export const resetProvider = (id: string) => unwrap(api.DELETE('/api/providers/{id}', { params: { path: { id } } }));

/** Tries settings by a cheap request to the vendor; those in use when there are none. */
export const checkProvider = (id: string, settings: Settings) =>
  unwrap(api.POST('/api/providers/{id}/check', { params: { path: { id } }, body: { settings } }));
