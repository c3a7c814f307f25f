import { createFileRoute, useNavigate } from '@tanstack/react-router';
import { toolFilter } from '~/features/tools/search';
import { ToolGallery } from '~/features/tools/ToolGallery';

export const Route = createFileRoute('/tools/')({ validateSearch: toolFilter, component: Page });

function Page() {
  const filter = Route.useSearch();
  const navigate = useNavigate({ from: Route.fullPath });
  return <ToolGallery filter={filter} setFilter={(search) => void navigate({ search, replace: true })} />;
}
