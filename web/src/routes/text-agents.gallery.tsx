import { createFileRoute, useNavigate } from '@tanstack/react-router';
import { galleryQuery } from '~/features/agents/api';
import { Gallery } from '~/features/agents/Gallery';
import { galleryFilter } from '~/features/agents/search';

export const Route = createFileRoute('/text-agents/gallery')({
  validateSearch: galleryFilter,
  loaderDeps: ({ search }) => search,
  loader: ({ context, deps }) => void context.queryClient.prefetchInfiniteQuery(galleryQuery('text', deps)),
  component: Page,
});

function Page() {
  const filter = Route.useSearch();
  const navigate = useNavigate({ from: Route.fullPath });
  return <Gallery kind="text" filter={filter} setFilter={(search) => void navigate({ search, replace: true })} />;
}
