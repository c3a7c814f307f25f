import createClient from 'openapi-fetch';
import type { components, paths } from '~/api/schema';
import { signedOut } from '~/api/signedOut';

type Schemas = components['schemas'];
export type Agent = Schemas['Agent'];
export type Conversation = Schemas['Conversation'];
export type ConversationDetail = Schemas['ConversationDetail'];
export type Overview = Schemas['Overview'];
export type OverviewSums = Schemas['OverviewSums'];
export type BillingRate = Schemas['BillingRate'];
export type EarTruth = Schemas['EarTruth'];
export type Line = Schemas['Line'];
export type Notice = Schemas['Notice'];
export type Peaks = Schemas['Peaks'];
export type TurnTimed = Schemas['TurnTimed'];
export type JournalEvent = Schemas['Event'];
export type RealtimeCall = Schemas['Call'];
export type RealtimeEvent = Schemas['CallEvent'];
export type RealtimeStats = Schemas['CallStats'];
export type CreatedCall = Schemas['CreatedCall'];

export type Me = Schemas['Me'];
export type Person = Schemas['Person'];
export type SetupState = Schemas['SetupState'];
export type Member = Schemas['Member'];
export type Invitation = Schemas['Invitation'];
export type NewInvitation = Schemas['NewInvitation'];
export type SignInSettings = Schemas['SignInSettings'];
export type Invited = Schemas['Invited'];
export type Key = Schemas['Key'];
export type NewKey = Schemas['NewKey'];
export type Provider = Schemas['Provider'];
export type ProviderCheck = Schemas['ProviderCheck'];
export type AuditEntry = Schemas['AuditEntry'];
export type SignedInAt = Schemas['SignedInAt'];
export type Role = NonNullable<Me['role']>;

// Errors are worded here, by their codes and in the console's language: of the server's own words only the English details are wanted.
export const api = createClient<paths>({ baseUrl: window.location.origin, headers: { 'Accept-Language': 'en' } });

api.use({
  onResponse: ({ response }) => {
    if (response.status === 401) signedOut.set(true);
  },
});

/** Why a request failed. The code is stable and is worded in the reader's language; the detail is the server's English. */
export class ApiError extends Error {
  constructor(
    readonly code: string,
    readonly status: number,
    readonly params: Record<string, string>,
    detail: string,
    /** The part of the request that was wrong, as "session.temperature". */
    readonly field?: string,
  ) {
    super(detail);
  }
}

/** The data of an answer, or an ApiError: what a query wants. */
export async function unwrap<T>(request: Promise<{ data?: T; error?: unknown; response: Response }>): Promise<T> {
  let answer: Awaited<typeof request>;
  try {
    answer = await request;
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === 'AbortError') throw cause;
    throw new ApiError('unreachable', 0, {}, cause instanceof Error ? cause.message : '');
  }
  if (answer.response.ok) return answer.data as T;
  throw problemOf(answer.response.status, answer.error);
}

/** A list whole, page by page: for one that is short, or that is chosen from. */
export async function whole<T extends { items: unknown[]; next_cursor?: string }>(
  page: (query: { limit: 100; cursor?: string }) => Promise<T>,
): Promise<T> {
  const first = await page({ limit: 100 });
  const items = [...first.items];
  for (let cursor = first.next_cursor; cursor; ) {
    const next = await page({ limit: 100, cursor });
    items.push(...next.items);
    cursor = next.next_cursor;
  }
  return { ...first, items, next_cursor: undefined };
}

function problemOf(status: number, body: unknown): ApiError {
  if (typeof body === 'object' && body !== null && 'code' in body && typeof body.code === 'string') {
    const detail = 'detail' in body && typeof body.detail === 'string' ? body.detail : '';
    const params = 'params' in body ? (body.params as Record<string, string>) : {};
    const field = 'field' in body && typeof body.field === 'string' ? body.field : firstLocation(body);
    return new ApiError(body.code, status, params ?? {}, detail, field);
  }
  return new ApiError(status === 404 ? 'not_found' : 'internal', status, {}, '');
}

function firstLocation(body: object): string | undefined {
  if (!('errors' in body) || !Array.isArray(body.errors)) return undefined;
  const [first] = body.errors as { location?: string }[];
  return first?.location;
}
