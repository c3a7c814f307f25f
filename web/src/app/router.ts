import { QueryClient } from '@tanstack/react-query';
import { createRouter } from '@tanstack/react-router';
import { ApiError } from '~/api/client';
import { Crashed, NotFound } from '~/app/Failures';
import { routeTree } from '~/routeTree.gen';

/** What a request was refused for will be refused again; what merely failed is tried once more. */
function retry(failures: number, error: unknown): boolean {
  const refused = error instanceof ApiError && error.status >= 400 && error.status < 500;
  return !refused && failures < 1;
}

export const queryClient = new QueryClient({ defaultOptions: { queries: { staleTime: 5_000, retry } } });

export const router = createRouter({
  routeTree,
  context: { queryClient },
  defaultPreload: 'intent',
  defaultNotFoundComponent: NotFound,
  defaultErrorComponent: Crashed,
  trailingSlash: 'preserve',
  scrollRestoration: true,
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
