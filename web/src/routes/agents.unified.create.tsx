import { createFileRoute, useNavigate } from '@tanstack/react-router';
import { wizardSearch } from '~/features/agents/search';
import { WizardPage } from '~/features/agents/WizardPage';

export const Route = createFileRoute('/agents/unified/create')({ validateSearch: wizardSearch, component: Page });

function Page() {
  const search = Route.useSearch();
  const navigate = useNavigate({ from: Route.fullPath });
  return (
    <WizardPage
      search={search}
      go={(next, replace) => void navigate({ search: (was) => ({ ...was, ...next }), replace })}
    />
  );
}
