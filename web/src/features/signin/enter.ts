import type { QueryClient } from '@tanstack/react-query';
import type { Me } from '~/api/client';
import { sessionQuery, setupQuery } from '~/api/identity';
import { signedOut } from '~/api/signedOut';

/** Somebody is signed in now: what was fetched for whoever was here before is forgotten. */
export function enter(queries: QueryClient, me: Me): void {
  queries.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== setupQuery().queryKey[0] });
  queries.setQueryData(sessionQuery().queryKey, me);
  void queries.invalidateQueries({ queryKey: setupQuery().queryKey });
  signedOut.set(false);
}
