import { useQueryClient } from '@tanstack/react-query';
import { createFileRoute, useNavigate } from '@tanstack/react-router';
import { enter } from '~/features/signin/enter';
import { InvitePage } from '~/features/signin/InvitePage';

export const Route = createFileRoute('/invite/$token')({ component: Page });

function Page() {
  const { token } = Route.useParams();
  const navigate = useNavigate();
  const queries = useQueryClient();
  return (
    <InvitePage
      key={token}
      token={token}
      done={(me) => {
        enter(queries, me);
        void navigate({ to: '/', replace: true });
      }}
    />
  );
}
