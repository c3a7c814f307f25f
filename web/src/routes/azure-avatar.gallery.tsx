import { createFileRoute, useNavigate } from '@tanstack/react-router';
import { galleryQuery } from '~/features/agents/api';
import { Gallery } from '~/features/agents/Gallery';
import { galleryFilter } from '~/features/agents/search';

export const Route = createFileRoute('/azure-avatar/gallery')({
  validateSearch: galleryFilter,
  loaderDeps: ({ search }) => search,
  loader: ({ context, deps }) => void context.queryClient.prefetchInfiniteQuery(galleryQuery('avatar', deps)),
  component: Page,
});

function Page() {
  const filter = Route.useSearch();
  const navigate = useNavigate({ from: Route.fullPath });
  return <Gallery kind="avatar" filter={filter} setFilter={(search) => void navigate({ search, replace: true })} />;
}
