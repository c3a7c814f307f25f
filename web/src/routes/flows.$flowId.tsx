import { createFileRoute, useNavigate } from '@tanstack/react-router';
import { FlowPage } from '~/features/flows/FlowPage';
import { flowPlace } from '~/features/flows/search';

export const Route = createFileRoute('/flows/$flowId')({ validateSearch: flowPlace, component: Page });

function Page() {
  const { flowId } = Route.useParams();
  const place = Route.useSearch();
  const navigate = useNavigate({ from: Route.fullPath });
  return (
    <FlowPage
      key={flowId}
      id={flowId}
      place={place}
      go={(search) => void navigate({ search, replace: true, resetScroll: false })}
    />
  );
}
