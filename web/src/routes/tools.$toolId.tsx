import { createFileRoute } from '@tanstack/react-router';
import { ToolPage } from '~/features/tools/ToolPage';

export const Route = createFileRoute('/tools/$toolId')({ component: Page });

function Page() {
  const { toolId } = Route.useParams();
  return <ToolPage key={toolId} id={toolId} />;
}
