import { createFileRoute, useNavigate } from '@tanstack/react-router';
import { FlowGallery } from '~/features/flows/FlowGallery';
import { flowFilter } from '~/features/flows/search';

export const Route = createFileRoute('/flows/')({ validateSearch: flowFilter, component: Page });

function Page() {
  const filter = Route.useSearch();
  const navigate = useNavigate({ from: Route.fullPath });
  return <FlowGallery filter={filter} setFilter={(search) => void navigate({ search, replace: true })} />;
}
