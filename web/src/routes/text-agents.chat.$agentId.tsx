import { createFileRoute, useNavigate } from '@tanstack/react-router';
import { LazyWords } from '~/components/LazyWords';
import { profileQuery } from '~/features/chat/api';
import { ChatPage } from '~/features/chat/ChatPage';

interface Search {
  session?: string;
}

export const Route = createFileRoute('/text-agents/chat/$agentId')({
  validateSearch: (search: Record<string, unknown>): Search =>
    typeof search.session === 'string' ? { session: search.session } : {},
  loader: ({ context, params }) => void context.queryClient.prefetchQuery(profileQuery(params.agentId)),
  component: Page,
});

function Page() {
  const { agentId } = Route.useParams();
  const { session } = Route.useSearch();
  const navigate = useNavigate({ from: Route.fullPath });
  return (
    <LazyWords namespace="chat">
      <ChatPage
        key={agentId}
        reference={agentId}
        session={session}
        go={(next, replace) => void navigate({ search: next ? { session: next } : {}, replace })}
      />
    </LazyWords>
  );
}
