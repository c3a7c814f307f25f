import { useQueryClient } from '@tanstack/react-query';
import { createFileRoute, useNavigate } from '@tanstack/react-router';
import { setupQuery } from '~/api/identity';
import { enter } from '~/features/signin/enter';
import { SetupPage } from '~/features/signin/SetupPage';
import { type SetupStep, setupSteps } from '~/features/signin/setupSteps';

export const Route = createFileRoute('/setup')({
  validateSearch: (search: Record<string, unknown>): { step?: SetupStep; agent?: string } => ({
    step: setupSteps.find((s) => s === search.step),
    agent: typeof search.agent === 'string' && search.agent !== '' ? search.agent : undefined,
  }),
  loader: ({ context }) => void context.queryClient.prefetchQuery(setupQuery()),
  component: Page,
});

function Page() {
  const { step, agent } = Route.useSearch();
  const navigate = useNavigate({ from: Route.fullPath });
  const queries = useQueryClient();
  const go = (next: SetupStep, picked?: string) => void navigate({ search: { step: next, agent: picked } });
  return (
    <SetupPage
      step={step}
      agent={agent}
      go={go}
      done={(me) => {
        enter(queries, me);
        go('voice');
      }}
    />
  );
}
