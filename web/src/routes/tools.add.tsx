import { createFileRoute } from '@tanstack/react-router';
import { NewToolPage } from '~/features/tools/NewToolPage';
import { newTool } from '~/features/tools/search';

export const Route = createFileRoute('/tools/add')({ validateSearch: newTool, component: Page });

function Page() {
  const { kind, copy } = Route.useSearch();
  return <NewToolPage key={`${kind}/${copy}`} kind={kind} copy={copy} />;
}
