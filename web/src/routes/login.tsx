import { useQueryClient } from '@tanstack/react-query';
import { createFileRoute, useRouter } from '@tanstack/react-router';
import { setupQuery } from '~/api/identity';
import { enter } from '~/features/signin/enter';
import { LoginPage, type LoginSearch } from '~/features/signin/LoginPage';

const text = (value: unknown) => (typeof value === 'string' && value !== '' ? value : undefined);

export const Route = createFileRoute('/login')({
  validateSearch: (search: Record<string, unknown>): LoginSearch => ({
    // Only paths of the console: a link must not lead a person who signs in to another site.
    return: text(search.return)?.match(/^\/(?![/\\]).*/)?.[0],
    error: text(search.error),
    email: text(search.email),
    seconds: search.seconds === undefined ? undefined : String(search.seconds),
    out: search.out === true || undefined,
  }),
  loader: ({ context }) => void context.queryClient.prefetchQuery(setupQuery()),
  component: Page,
});

function Page() {
  const search = Route.useSearch();
  const router = useRouter();
  const queries = useQueryClient();
  return (
    <LoginPage
      search={search}
      done={(me) => {
        enter(queries, me);
        router.history.push(search.return ?? '/');
      }}
    />
  );
}
