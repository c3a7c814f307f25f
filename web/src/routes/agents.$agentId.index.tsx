import { createFileRoute, useNavigate } from '@tanstack/react-router';
import { AgentPage } from '~/features/agents/AgentPage';
import { agentQuery } from '~/features/agents/api';
import { agentTab } from '~/features/agents/search';

export const Route = createFileRoute('/agents/$agentId/')({
  validateSearch: agentTab,
  loader: ({ context, params }) => void context.queryClient.prefetchQuery(agentQuery(params.agentId)),
  component: Page,
});

function Page() {
  const { agentId } = Route.useParams();
  const search = Route.useSearch();
  const navigate = useNavigate({ from: Route.fullPath });
  return (
    <AgentPage
      key={agentId}
      reference={agentId}
      search={search}
      go={(next) => void navigate({ search: next, replace: true, resetScroll: false })}
    />
  );
}
