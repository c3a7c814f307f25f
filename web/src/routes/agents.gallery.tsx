import { createFileRoute } from '@tanstack/react-router';
import { agentsQuery } from '~/features/agents/api';
import { Gallery } from '~/features/agents/Gallery';

export const Route = createFileRoute('/agents/gallery')({
  loader: ({ context }) => void context.queryClient.prefetchQuery(agentsQuery()),
  component: Gallery,
});
