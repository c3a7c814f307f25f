import { useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { signOut } from '~/api/identity';
import { signedOut } from '~/api/signedOut';

/** Ends the session and leaves nothing of it in the page. */
export function useSignOut() {
  const queries = useQueryClient();
  const navigate = useNavigate();
  return async () => {
    await signOut().catch(() => undefined); // already over: so much the better
    await navigate({ to: '/login', search: { out: true } });
    queries.clear();
    signedOut.set(false);
  };
}
