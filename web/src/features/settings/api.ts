import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { api, type Role, unwrap, whole } from '~/api/client';

export const sessionsQuery = () =>
  queryOptions({
    queryKey: ['profile', 'sessions'],
    queryFn: ({ signal }) => whole((query) => unwrap(api.GET('/api/profile/sessions', { signal, params: { query } }))),
  });

export const peopleQuery = () =>
  queryOptions({
    queryKey: ['people'],
    queryFn: ({ signal }) => whole((query) => unwrap(api.GET('/api/people', { signal, params: { query } }))),
  });

/** How people come in; it changes only with the server's configuration. */
export const signInQuery = () =>
  queryOptions({
    queryKey: ['sign-in'],
    queryFn: ({ signal }) => unwrap(api.GET('/api/sign-in', { signal })),
    staleTime: Number.POSITIVE_INFINITY,
  });

export const invitationsQuery = () =>
  queryOptions({
    queryKey: ['invitations'],
    queryFn: ({ signal }) => whole((query) => unwrap(api.GET('/api/invitations', { signal, params: { query } }))),
  });

export const keysQuery = () =>
  queryOptions({
    queryKey: ['keys'],
    queryFn: ({ signal }) => whole((query) => unwrap(api.GET('/api/keys', { signal, params: { query } }))),
  });

/** What narrows the audit trail down; part of the address. Days are of the reader's time zone, to included. */
export interface AuditFilter {
  actor?: string;
  action?: string;
  target?: string;
  from?: string;
  to?: string;
}

export const auditQuery = (filter: AuditFilter) =>
  infiniteQueryOptions({
    queryKey: ['audit', filter],
    queryFn: ({ signal, pageParam }) => {
      const { from, to, ...rest } = filter;
      const query = { ...rest, from: from && startOf(from, 0), to: to && startOf(to, 1), cursor: pageParam };
      return unwrap(api.GET('/api/audit', { signal, params: { query } }));
    },
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor,
  });

/** Midnight of a day, or of one some days later, as an instant. */
function startOf(day: string, later: number): string {
  const date = new Date(`${day}T00:00:00`);
  date.setDate(date.getDate() + later);
  return date.toISOString();
}

export const endSession = (id: string) =>
  unwrap(api.DELETE('/api/profile/sessions/{id}', { params: { path: { id } } }));

export const changePassword = (current: string | undefined, password: string) =>
  unwrap(api.PUT('/api/profile/password', { body: { current, password } }));

export const invite = (email: string, role: Role) => unwrap(api.POST('/api/invitations', { body: { email, role } }));

export const deleteInvitation = (id: string) =>
  unwrap(api.DELETE('/api/invitations/{id}', { params: { path: { id } } }));

export const changePerson = (id: string, change: { role?: Role; disabled?: boolean }) =>
  unwrap(api.PATCH('/api/people/{id}', { params: { path: { id } }, body: change }));

export const removePerson = (id: string) => unwrap(api.DELETE('/api/people/{id}', { params: { path: { id } } }));

export const createKey = (name: string, scopes: string[], expires: string) =>
  unwrap(api.POST('/api/keys', { body: { name, scopes, expires_at: expires } }));

export const revokeKey = (id: string) => unwrap(api.DELETE('/api/keys/{id}', { params: { path: { id } } }));
