import { queryOptions } from '@tanstack/react-query';
import { api, unwrap } from '~/api/client';

/** Who asks, and what they may do. Fails with 401 when they must sign in. */
export const sessionQuery = () =>
  queryOptions({
    queryKey: ['session'],
    queryFn: ({ signal }) => unwrap(api.GET('/api/session', { signal })),
    staleTime: 60_000,
  });

/** Whether there is an administrator, and how one signs in. */
export const setupQuery = () =>
  queryOptions({
    queryKey: ['setup'],
    queryFn: ({ signal }) => unwrap(api.GET('/api/setup', { signal })),
    staleTime: 60_000,
  });

/** The roles from the least to the most, with what each may do. */
export const rolesQuery = () =>
  queryOptions({
    queryKey: ['roles'],
    queryFn: ({ signal }) => unwrap(api.GET('/api/roles', { signal })),
    staleTime: Number.POSITIVE_INFINITY,
  });

export const signIn = (email: string, password: string) =>
  unwrap(api.POST('/api/session', { body: { email, password } }));

export const signOut = () => unwrap(api.DELETE('/api/session'));

export const switchTenant = (tenant: string) => unwrap(api.PUT('/api/session/tenant', { body: { tenant } }));

export const setProfile = (name: string, language: 'fr' | 'en' | 'es') =>
  unwrap(api.PUT('/api/profile', { body: { name, language } }));
