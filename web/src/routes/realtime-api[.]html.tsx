import { createFileRoute, useNavigate } from '@tanstack/react-router';
import { callListQuery, type RealtimeSearch, statsQuery } from '~/features/realtime/api';
import { RealtimePage } from '~/features/realtime/RealtimePage';

const states = ['active', 'ended'] as const;

export const Route = createFileRoute('/realtime-api.html')({
  validateSearch: (search: Record<string, unknown>): RealtimeSearch => ({
    call: typeof search.call === 'string' && search.call !== '' ? search.call : undefined,
    status: states.find((s) => s === search.status),
    page: typeof search.page === 'number' && search.page > 1 ? Math.floor(search.page) : undefined,
  }),
  loaderDeps: ({ search }) => search,
  loader: ({ context, deps }) => {
    void context.queryClient.prefetchQuery(statsQuery());
    if (!deps.call) void context.queryClient.prefetchQuery(callListQuery(deps));
  },
  component: Page,
});

function Page() {
  const search = Route.useSearch();
  const navigate = useNavigate({ from: Route.fullPath });
  return <RealtimePage search={search} go={(next) => void navigate({ search: next, resetScroll: false })} />;
}
