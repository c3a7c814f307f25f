import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query';
import { ApiError, api, unwrap, whole } from '~/api/client';
import type { components } from '~/api/schema';
import type { PhoneSearch } from './search';

type Schemas = components['schemas'];
export type PhoneCall = Schemas['PhoneCall'];
export type PhoneText = Schemas['PhoneText'];
export type PhoneRecording = Schemas['PhoneRecording'];
export type PhoneNumber = Schemas['PhoneNumber'];
export type PhoneCarrier = Schemas['PhoneCarrier'];
export type PhoneItem = Schemas['PhoneItem'];
export type PhoneCheck = Schemas['PhoneCheck'];
export type PhoneConsent = Schemas['PhoneConsent'];
export type Transcription = Schemas['Transcription'];

// Calls begin and end elsewhere too: the page asks as long as it is looked at.
const watchMs = 2_000;

export const liveQuery = () =>
  queryOptions({
    queryKey: ['phone', 'live'],
    queryFn: ({ signal }) =>
      unwrap(api.GET('/api/phone/calls', { signal, params: { query: { live: true, limit: 100 } } })),
    refetchInterval: watchMs,
  });

type Filter = Pick<PhoneSearch, 'q' | 'direction' | 'outcome'>;

export const callsQuery = ({ q, direction, outcome }: Filter) =>
  infiniteQueryOptions({
    queryKey: ['phone', 'calls', q, direction, outcome],
    queryFn: ({ signal, pageParam }) =>
      unwrap(
        api.GET('/api/phone/calls', {
          signal,
          params: { query: { q, direction, outcome, limit: 25, cursor: pageParam } },
        }),
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor,
    placeholderData: keepPreviousData,
  });

export const textsQuery = ({ q, direction }: Filter) =>
  infiniteQueryOptions({
    queryKey: ['phone', 'messages', q, direction],
    queryFn: ({ signal, pageParam }) =>
      unwrap(
        api.GET('/api/phone/messages', { signal, params: { query: { q, direction, limit: 25, cursor: pageParam } } }),
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor,
    placeholderData: keepPreviousData,
  });

export const recordingsQuery = () =>
  infiniteQueryOptions({
    queryKey: ['phone', 'recordings'],
    queryFn: ({ signal, pageParam }) =>
      unwrap(api.GET('/api/phone/recordings', { signal, params: { query: { limit: 25, cursor: pageParam } } })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor,
  });

export const carriersQuery = () =>
  queryOptions({
    queryKey: ['phone', 'carriers'],
    queryFn: ({ signal }) => whole((query) => unwrap(api.GET('/api/phone/carriers', { signal, params: { query } }))),
  });

export const numbersQuery = () =>
  queryOptions({
    queryKey: ['phone', 'numbers'],
    queryFn: ({ signal }) => whole((query) => unwrap(api.GET('/api/phone/numbers', { signal, params: { query } }))),
  });

export const consentQuery = () =>
  queryOptions({
    queryKey: ['phone', 'consent'],
    queryFn: ({ signal }) => unwrap(api.GET('/api/phone/consent', { signal })),
  });

/** The agents that can take or make calls. */
export const speakersQuery = () =>
  queryOptions({
    queryKey: ['agents', 'speakers'],
    queryFn: async ({ signal }) => {
      const list = await whole((query) =>
        unwrap(api.GET('/api/agents', { signal, params: { query: { ...query, kind: 'voice', status: 'active' } } })),
      );
      return list.items;
    },
  });

/** The voices that can be listened to here and now. */
export const readersQuery = (lang: string) =>
  queryOptions({
    queryKey: ['voices', 'readers', lang],
    queryFn: async ({ signal }) => {
      const list = await whole((query) =>
        unwrap(api.GET('/api/voices', { signal, params: { query: { ...query, available: 'true', lang } } })),
      );
      return { items: list.items.filter((v) => v.sample), text: list.sample_text };
    },
    staleTime: 60_000,
  });

export interface Order {
  agent: string;
  to: string;
  from?: string;
  carrier?: string;
  max_seconds?: number;
}

const at = (id: string) => ({ path: { id } });
const nothing = async (request: Promise<{ data?: unknown; error?: unknown; response: Response }>) => {
  await unwrap(request);
};

export const placeCall = (body: Order) => unwrap(api.POST('/api/phone/calls', { body }));
export const hangUp = (id: string) => unwrap(api.POST('/api/phone/calls/{id}/hangup', { params: at(id) }));
export const transfer = (id: string, to: string, briefing?: string) =>
  unwrap(api.POST('/api/phone/calls/{id}/transfer', { params: at(id), body: { to, briefing } }));
export const sendDigits = (id: string, digits: string) =>
  unwrap(api.POST('/api/phone/calls/{id}/digits', { params: at(id), body: { digits } }));
export const sendText = (to: string, body: string) => unwrap(api.POST('/api/phone/messages', { body: { to, body } }));
export const deleteCall = (id: string) => nothing(api.DELETE('/api/phone/calls/{id}', { params: at(id) }));
export const deleteText = (id: string) => nothing(api.DELETE('/api/phone/messages/{id}', { params: at(id) }));
export const deleteRecording = (id: string) => nothing(api.DELETE('/api/phone/recordings/{id}', { params: at(id) }));
export const setNumber = (number: string, agent: string, label?: string) =>
  unwrap(api.PUT('/api/phone/numbers/{number}', { params: { path: { number } }, body: { agent, label } }));
export const deleteNumber = (number: string) =>
  nothing(api.DELETE('/api/phone/numbers/{number}', { params: { path: { number } } }));
export const setConsent = (enabled: boolean, texts: Record<string, string>) =>
  unwrap(api.PUT('/api/phone/consent', { body: { enabled, texts } }));
export const checkCarrier = (carrier: string) =>
  unwrap(api.POST('/api/phone/carriers/{carrier}/check', { params: { path: { carrier } } }));
export const syncCarrier = (carrier: string, days: number) =>
  unwrap(api.POST('/api/phone/carriers/{carrier}/sync', { params: { path: { carrier } }, body: { days } }));

export interface Speech {
  provider: string;
  voice: string;
  text: string;
  rate: number;
  pitch: number;
  ssml: boolean;
  /** WAV when it is not said. */
  format?: 'mp3';
}

async function refused(answer: Response): Promise<ApiError> {
  const body = (await answer.json().catch(() => ({}))) as {
    code?: string;
    detail?: string;
    params?: Record<string, string>;
  };
  return new ApiError(body.code ?? 'internal', answer.status, body.params ?? {}, body.detail ?? '');
}

/** A sound file of a text. */
export async function speak(speech: Speech): Promise<Blob> {
  const answer = await fetch('/api/speech', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(speech),
  });
  if (!answer.ok) throw await refused(answer);
  return answer.blob();
}

/** What is said in a WAV file. */
export async function transcribe(wav: Blob, language: string): Promise<Transcription> {
  const answer = await fetch(`/api/transcriptions?${new URLSearchParams({ language })}`, {
    method: 'POST',
    headers: { 'Content-Type': 'audio/wav' },
    body: wav,
  });
  if (!answer.ok) throw await refused(answer);
  return (await answer.json()) as Transcription;
}
