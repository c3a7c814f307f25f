import { createFileRoute, useNavigate } from '@tanstack/react-router';
import { PhonePage } from '~/features/phone/PhonePage';
import { phoneSearch } from '~/features/phone/search';

export const Route = createFileRoute('/assistant-vocal')({ validateSearch: phoneSearch, component: Page });

function Page() {
  const search = Route.useSearch();
  const navigate = useNavigate({ from: Route.fullPath });
  return <PhonePage search={search} go={(next) => void navigate({ search: next, resetScroll: false })} />;
}
