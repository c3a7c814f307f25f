import { createFileRoute } from '@tanstack/react-router';
import { agentQuery } from '~/features/session/api';
import { SessionPage } from '~/features/session/SessionPage';

export const Route = createFileRoute('/agents/$agentId/session')({
  loader: ({ context, params }) => void context.queryClient.prefetchQuery(agentQuery(params.agentId)),
  component: Session,
});

function Session() {
  const { agentId } = Route.useParams();
  return <SessionPage key={agentId} reference={agentId} />;
}
