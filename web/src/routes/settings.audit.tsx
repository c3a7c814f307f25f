import { createFileRoute, useNavigate } from '@tanstack/react-router';
import { Audit } from '~/features/settings/Audit';
import type { AuditFilter } from '~/features/settings/api';

const text = (value: unknown) => (typeof value === 'string' && value !== '' ? value : undefined);
const day = (value: unknown) => text(value)?.match(/^\d{4}-\d{2}-\d{2}$/)?.[0];

export const Route = createFileRoute('/settings/audit')({
  validateSearch: (search: Record<string, unknown>): AuditFilter => ({
    actor: text(search.actor),
    action: text(search.action),
    target: text(search.target),
    from: day(search.from),
    to: day(search.to),
  }),
  component: Page,
});

function Page() {
  const filter = Route.useSearch();
  const navigate = useNavigate({ from: Route.fullPath });
  return (
    <Audit filter={filter} setFilter={(next) => void navigate({ search: next, replace: true, resetScroll: false })} />
  );
}
