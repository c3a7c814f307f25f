import type { Conversation } from '~/api/client';
import type { paths } from '~/api/schema';

type ListQuery = NonNullable<paths['/api/conversations']['get']['parameters']['query']>;

export const states = ['active', 'ended', 'failed'] as const;
export const channels = ['realtime', 'webrtc', 'talk'] as const;
export const sorts = ['started', 'duration', 'latency'] as const;
export const recent = ['24h', '7d', '30d'] as const;

/** What narrows the list of conversations down, and its order; part of the address. */
export interface CallSearch {
  agent?: string;
  status?: Conversation['status'];
  channel?: string;
  /** The last so many hours or days; instead of from and to. */
  period?: (typeof recent)[number];
  /** Days of the reader's zone, "2026-11-20", both included. */
  from?: string;
  to?: string;
  /** Seconds: at least, less than. */
  min?: number;
  max?: number;
  q?: string;
  /** Absent means started. */
  sort?: (typeof sorts)[number];
  /** Absent means the largest first. */
  order?: 'asc';
}

const day = /^\d{4}-\d\d-\d\d$/;

/** Reads an address; what makes no sense is left out. */
export function readSearch(search: Record<string, unknown>): CallSearch {
  // The router reads values as JSON: a text of digits arrives as a number.
  const text = (v: unknown) => (typeof v === 'number' ? String(v) : typeof v === 'string' && v !== '' ? v : undefined);
  const date = (v: unknown) => (typeof v === 'string' && day.test(v) && !Number.isNaN(Date.parse(v)) ? v : undefined);
  const seconds = (v: unknown) => (typeof v === 'number' && v > 0 && v <= 1_000_000 ? v : undefined);
  const from = date(search.from);
  const to = date(search.to);
  return {
    agent: text(search.agent),
    status: states.find((s) => s === search.status),
    channel: text(search.channel)?.slice(0, 40),
    period: from || to ? undefined : recent.find((p) => p === search.period),
    from,
    to,
    min: seconds(search.min),
    max: seconds(search.max),
    q: text(search.q)?.slice(0, 200),
    sort: sorts.find((s) => s === search.sort && s !== 'started'),
    order: search.order === 'asc' ? 'asc' : undefined,
  };
}

/** Whether anything is left out of the list; its order does not count. */
export function isFiltered({ sort: _, order: __, ...filters }: CallSearch): boolean {
  return Object.values(filters).some((v) => v !== undefined);
}

const hours = { '24h': 24, '7d': 7 * 24, '30d': 30 * 24 } as const;
const stepMs = 300_000;

/** What the API is asked. A period ends now; now moves in steps, so that the same list is not asked for twice. */
export function queryOf(search: CallSearch, now = Date.now()): ListQuery {
  const { period, from, to, min, max, agent, status, channel, q, sort, order } = search;
  const begin = period && new Date(Math.floor(now / stepMs) * stepMs - hours[period] * 3_600_000);
  return {
    agent,
    status,
    channel,
    q,
    sort: sort || order ? `${order === 'asc' ? '' : '-'}${sort ?? 'started'}` : undefined,
    min_s: min,
    max_s: max,
    from: (begin ?? midnight(from, 0))?.toISOString(),
    to: midnight(to, 1)?.toISOString(),
  };
}

/** The begin of a day in the reader's zone, or of one some days later. */
function midnight(date: string | undefined, later: number): Date | undefined {
  if (!date) return undefined;
  const [year = 0, month = 1, dayOfMonth = 1] = date.split('-').map(Number);
  return new Date(year, month - 1, dayOfMonth + later);
}

/** Where the same list is a file. */
export function exportUrl(search: CallSearch, format: 'csv' | 'json', zone: string): string {
  const query = new URLSearchParams({ format, tz: zone });
  for (const [key, value] of Object.entries(queryOf(search))) if (value !== undefined) query.set(key, String(value));
  return `/api/conversations/export?${query}`;
}
