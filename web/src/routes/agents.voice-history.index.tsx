import { createFileRoute, useNavigate } from '@tanstack/react-router';
import { type CallFilter, callsQuery } from '~/features/calls/api';
import { History } from '~/features/calls/History';

const states = ['active', 'ended', 'failed'] as const;

export const Route = createFileRoute('/agents/voice-history/')({
  validateSearch: (search: Record<string, unknown>): CallFilter => ({
    agent: typeof search.agent === 'string' && search.agent !== '' ? search.agent : undefined,
    status: states.find((s) => s === search.status),
  }),
  loaderDeps: ({ search }) => search,
  loader: ({ context, deps }) => void context.queryClient.prefetchInfiniteQuery(callsQuery(deps)),
  component: Page,
});

function Page() {
  const filter = Route.useSearch();
  const navigate = useNavigate({ from: Route.fullPath });
  return <History filter={filter} setFilter={(next) => void navigate({ search: next, replace: true })} />;
}
