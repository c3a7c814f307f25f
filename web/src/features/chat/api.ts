import { queryOptions } from '@tanstack/react-query';
import { api, unwrap } from '~/api/client';

export const profileQuery = (id: string) =>
  queryOptions({
    queryKey: ['chat', 'agent', id],
    queryFn: ({ signal }) => unwrap(api.GET('/text-agents/api/{id}', { signal, params: { path: { id } } })),
  });

export const fetchSession = (id: string, session: string, signal: AbortSignal) =>
  unwrap(
    api.GET('/text-agents/api/{id}/session', { signal, params: { path: { id }, query: { session_id: session } } }),
  );

/** The conversations that were had with an agent in writing, the newest first. */
export const sessionsQuery = (agent: string) =>
  queryOptions({
    queryKey: ['conversations', 'chat', agent],
    queryFn: ({ signal }) =>
      unwrap(api.GET('/api/conversations', { signal, params: { query: { agent, channel: 'text', limit: 50 } } })),
  });

export const deleteSession = (id: string, session_id: string) =>
  unwrap(api.DELETE('/text-agents/api/{id}/session/{session_id}', { params: { path: { id, session_id } } }));

export const exportAddress = (id: string, session: string, format: 'md' | 'json') =>
  `/text-agents/api/${encodeURIComponent(id)}/session/${encodeURIComponent(session)}/export?format=${format}`;
