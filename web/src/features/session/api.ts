import { queryOptions } from '@tanstack/react-query';
import { api, unwrap } from '~/api/client';

export const agentQuery = (reference: string) =>
  queryOptions({
    queryKey: ['agents', reference],
    queryFn: ({ signal }) => unwrap(api.GET('/api/agents/{reference}', { signal, params: { path: { reference } } })),
  });
