import { createFileRoute, useNavigate } from '@tanstack/react-router';
import { callQuery } from '~/features/calls/api';
import { CallPage } from '~/features/calls/CallPage';

export const Route = createFileRoute('/agents/voice-history/$sessionId')({
  // t: the moment of the conversation that a link leads to, in ms from its start.
  validateSearch: (search: Record<string, unknown>): { t?: number } => ({
    t: typeof search.t === 'number' && search.t >= 0 ? search.t : undefined,
  }),
  loader: ({ context, params }) => void context.queryClient.prefetchQuery(callQuery(params.sessionId)),
  component: Page,
});

function Page() {
  const { sessionId } = Route.useParams();
  const { t } = Route.useSearch();
  const navigate = useNavigate({ from: Route.fullPath });
  return (
    <CallPage
      key={sessionId}
      id={sessionId}
      from={t}
      setFrom={(ms) => void navigate({ search: { t: Math.round(ms) }, replace: true, resetScroll: false })}
    />
  );
}
