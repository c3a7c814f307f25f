import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { api, type Overview, unwrap } from '~/api/client';

/** The periods that the page can show; part of the address. The shortest is the one that it opens with. */
export const periods = ['24h', '7d', '30d'] as const;
export type Period = (typeof periods)[number];

const hours: Record<Period, number> = { '24h': 24, '7d': 7 * 24, '30d': 30 * 24 };
const hourMs = 3_600_000;
/** Whatever the server tells of changes, the page is made anew as often as that. */
const refreshMs = 15 * 60_000;

export const zone = () => Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC';

/** Several days begin with a whole one, in the reader's own zone, so that the first column is no fraction. */
function beginOf(period: Period, now: Date): Date {
  if (period === '24h') return new Date(now.getTime() - 24 * hourMs);
  const day = new Date(now.getFullYear(), now.getMonth(), now.getDate());
  day.setDate(day.getDate() - hours[period] / 24 + 1);
  return day;
}

export const overviewQuery = (period: Period) =>
  queryOptions({
    queryKey: ['overview', period],
    queryFn: ({ signal }): Promise<Overview> => {
      const query = { from: beginOf(period, new Date()).toISOString(), tz: zone() };
      return unwrap(api.GET('/api/overview', { signal, params: { query } }));
    },
    placeholderData: keepPreviousData,
    refetchInterval: refreshMs,
  });

export const ratesQuery = () =>
  queryOptions({
    queryKey: ['billing-rate'],
    queryFn: ({ signal }) => unwrap(api.GET('/api/billing-rate', { signal })),
  });

export function setRate(perMinute: number, from?: string) {
  return unwrap(api.PUT('/api/billing-rate', { body: { per_minute: perMinute, effective_from: from } }));
}

/** Conversations that go on now, the newest first. While there are any, they are looked at every other second. */
export const liveQuery = () =>
  queryOptions({
    queryKey: ['conversations', 'live'],
    queryFn: ({ signal }) =>
      unwrap(api.GET('/api/conversations', { signal, params: { query: { status: 'active', limit: 5 } } })),
    refetchInterval: ({ state }) => (state.data && state.data.total > 0 ? 2_000 : false),
  });
