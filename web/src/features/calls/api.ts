import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query';
import { api, type Conversation, unwrap } from '~/api/client';
import { type CallSearch, queryOf } from '~/components/callSearch';

// A conversation that is under way grows, and one that just ended may still be writing its record.
const underWay = (call: Conversation) => call.status === 'active';
const watchMs = 2_000;

export const callsQuery = (search: CallSearch) =>
  infiniteQueryOptions({
    queryKey: ['conversations', 'list', search],
    queryFn: ({ signal, pageParam }) =>
      unwrap(
        api.GET('/api/conversations', {
          signal,
          params: { query: { ...queryOf(search), limit: 100, cursor: pageParam } },
        }),
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor,
    placeholderData: keepPreviousData,
    refetchInterval: ({ state }) => (state.data?.pages.some((p) => p.items.some(underWay)) ? watchMs : false),
  });

export const callQuery = (id: string) =>
  queryOptions({
    queryKey: ['conversations', 'one', id],
    queryFn: ({ signal }) => unwrap(api.GET('/api/conversations/{id}', { signal, params: { path: { id } } })),
    refetchInterval: ({ state }) =>
      state.data && (underWay(state.data) || state.data.recording.pending) ? watchMs : false,
  });

export const peaksQuery = (id: string) =>
  queryOptions({
    queryKey: ['conversations', 'peaks', id],
    queryFn: ({ signal }) =>
      unwrap(
        api.GET('/api/conversations/{id}/peaks', {
          signal,
          params: { path: { id }, query: { buckets: 800 } },
        }),
      ),
    staleTime: Number.POSITIVE_INFINITY,
  });

/** The agents' names for the filter. */
export const agentNamesQuery = () =>
  queryOptions({
    queryKey: ['agents'],
    queryFn: ({ signal }) =>
      unwrap(api.GET('/api/agents', { signal, params: { query: { status: 'active', limit: 100 } } })),
  });

export function fetchEvents(id: string) {
  return unwrap(api.GET('/api/conversations/{id}/events', { params: { path: { id } } }));
}

export function deleteCall(id: string) {
  return unwrap(api.DELETE('/api/conversations/{id}', { params: { path: { id } } }));
}

export const ratesQuery = () =>
  queryOptions({
    queryKey: ['billing-rate'],
    queryFn: ({ signal }) => unwrap(api.GET('/api/billing-rate', { signal })),
  });
