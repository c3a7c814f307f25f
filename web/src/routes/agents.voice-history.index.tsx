import { createFileRoute, useNavigate } from '@tanstack/react-router';
import { readSearch } from '~/components/callSearch';
import { callsQuery } from '~/features/calls/api';
import { History } from '~/features/calls/History';

export const Route = createFileRoute('/agents/voice-history/')({
  validateSearch: readSearch,
  loaderDeps: ({ search }) => search,
  loader: ({ context, deps }) => void context.queryClient.prefetchInfiniteQuery(callsQuery(deps)),
  component: Page,
});

function Page() {
  const search = Route.useSearch();
  const navigate = useNavigate({ from: Route.fullPath });
  return (
    <History search={search} setSearch={(next) => void navigate({ search: next, replace: true, resetScroll: false })} />
  );
}
