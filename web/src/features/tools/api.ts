import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query';
import { api, unwrap } from '~/api/client';
import type { components } from '~/api/schema';
import type { Tool, ToolBody } from '~/api/tools';

/** What the gallery shows; all of it is in its address. */
export interface ToolFilter {
  search?: string;
  category?: string;
  status?: Tool['status'];
  type?: Tool['type'];
}

export const toolsQuery = ({ search, ...filter }: ToolFilter) =>
  infiniteQueryOptions({
    queryKey: ['tools', 'list', search, filter],
    initialPageParam: '',
    queryFn: ({ signal, pageParam }) =>
      unwrap(
        api.GET('/tools/api/list', {
          signal,
          params: { query: { ...filter, q: search, limit: 24, cursor: pageParam || undefined } },
        }),
      ),
    getNextPageParam: (last) => last.next_cursor,
    placeholderData: keepPreviousData,
  });

export const categoriesQuery = () =>
  queryOptions({
    queryKey: ['tools', 'categories'],
    queryFn: ({ signal }) => unwrap(api.GET('/tools/api/categories', { signal })),
    staleTime: Number.POSITIVE_INFINITY,
  });

const at = (tool_id: string) => ({ path: { tool_id } });

export const toolQuery = (id: string) =>
  queryOptions({
    queryKey: ['tools', 'one', id],
    queryFn: ({ signal }) => unwrap(api.GET('/tools/api/get/{tool_id}', { signal, params: at(id) })),
  });

export const nameQuery = (name: string, tool_id?: string) =>
  queryOptions({
    queryKey: ['tools', 'name', name, tool_id],
    queryFn: ({ signal }) => unwrap(api.POST('/tools/api/check-name', { signal, body: { name, tool_id } })),
    enabled: name !== '',
  });

export const createTool = (body: ToolBody) => unwrap(api.POST('/tools/api/create', { body }));

export const updateTool = (id: string, body: ToolBody) =>
  unwrap(api.PUT('/tools/api/update/{tool_id}', { params: at(id), body }));

export const toggleTool = (id: string) => unwrap(api.POST('/tools/api/toggle-status/{tool_id}', { params: at(id) }));

export const deleteTool = (id: string) => unwrap(api.DELETE('/tools/api/delete/{tool_id}', { params: at(id) }));

export const tryTool = (body: components['schemas']['ToolTrialBody']) => unwrap(api.POST('/tools/api/test', { body }));

export const generateTool = (body: components['schemas']['Wish']) => unwrap(api.POST('/tools/api/generate', { body }));

export const generateCode = (body: components['schemas']['Wish']) =>
  unwrap(api.POST('/tools/api/generate-code', { body }));

export const validateTool = (body: components['schemas']['ToolCheckBody']) =>
  unwrap(api.POST('/tools/api/validate-tool', { body }));

export const variablesQuery = () =>
  queryOptions({
    queryKey: ['tools', 'variables'],
    queryFn: ({ signal }) => unwrap(api.GET('/tools/api/variables', { signal })),
  });

export const setVariable = (name: string, value: string) =>
  unwrap(api.PUT('/tools/api/variables/{name}', { params: { path: { name } }, body: { value } }));

export const deleteVariable = (name: string) =>
  unwrap(api.DELETE('/tools/api/variables/{name}', { params: { path: { name } } }));

/** What was decided, newest first. */
export const decidedQuery = () =>
  queryOptions({
    queryKey: ['effects', 'decided'],
    queryFn: ({ signal }) =>
      unwrap(api.GET('/api/effects', { signal, params: { query: { approval: true, limit: 50 } } })),
  });

export const decideEffect = (id: string, allow: boolean) =>
  unwrap(api.POST('/api/effects/{id}/decide', { params: { path: { id } }, body: { allow } }));
