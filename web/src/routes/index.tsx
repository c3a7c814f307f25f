import { createFileRoute, useNavigate } from '@tanstack/react-router';
import { liveQuery, overviewQuery, type Period, periods } from '~/features/home/api';
import { Home } from '~/features/home/Home';

export const Route = createFileRoute('/')({
  validateSearch: (search: Record<string, unknown>): { period?: Period } => ({
    period: periods.find((p) => p === search.period && p !== periods[0]),
  }),
  loaderDeps: ({ search }) => search,
  loader: ({ context, deps }) => {
    void context.queryClient.prefetchQuery(overviewQuery(deps.period ?? periods[0]));
    void context.queryClient.prefetchQuery(liveQuery());
  },
  component: Page,
});

function Page() {
  const { period } = Route.useSearch();
  const navigate = useNavigate({ from: Route.fullPath });
  return (
    <Home
      period={period ?? periods[0]}
      setPeriod={(next) => void navigate({ search: { period: next }, replace: true, resetScroll: false })}
    />
  );
}
