import { queryOptions } from '@tanstack/react-query';
import { api, unwrap } from '~/api/client';

export const agentsQuery = () =>
  queryOptions({
    queryKey: ['agents'],
    queryFn: ({ signal }) =>
      unwrap(api.GET('/api/agents', { signal, params: { query: { status: 'active', limit: 100 } } })),
  });
