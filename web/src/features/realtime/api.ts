import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { ApiError, api, type RealtimeCall, type RealtimeEvent, unwrap } from '~/api/client';
import type { PeerPorts } from '~/live/peercall';
import type { Session } from './wish';

/** What the page shows; part of the address. */
export interface RealtimeSearch {
  /** The call that is open. */
  call?: string;
  status?: RealtimeCall['status'];
  /** From 1. */
  page?: number;
}

export const pageSize = 10;
// Calls begin and end elsewhere too: the page asks as long as it is looked at.
const watchMs = 2_000;
const eventsMs = 1_000;
const eventsAtOnce = 1_000;

export const statsQuery = () =>
  queryOptions({
    queryKey: ['realtime', 'stats'],
    queryFn: async ({ signal }) => (await unwrap(api.GET('/api/realtime/stats', { signal }))).stats,
    refetchInterval: watchMs,
  });

export const callListQuery = ({ status, page = 1 }: RealtimeSearch) =>
  queryOptions({
    queryKey: ['realtime', 'list', { status, page }],
    queryFn: ({ signal }) =>
      unwrap(
        api.GET('/api/realtime/calls', {
          signal,
          params: { query: { status, limit: pageSize, offset: (page - 1) * pageSize } },
        }),
      ),
    placeholderData: keepPreviousData,
    refetchInterval: watchMs,
  });

export const oneCallQuery = (id: string) =>
  queryOptions({
    queryKey: ['realtime', 'call', id],
    queryFn: async ({ signal }) =>
      (await unwrap(api.GET('/api/realtime/calls/{id}', { signal, params: { path: { id } } }))).call,
    refetchInterval: ({ state }) => (state.data?.status === 'active' ? eventsMs : false),
  });

/** The log of a call. While it goes on only what is new is asked for; of a call that is over, all of it once more. */
export const eventsQuery = (id: string, status: RealtimeCall['status']) =>
  queryOptions({
    queryKey: ['realtime', 'events', id, status],
    queryFn: async ({ client, queryKey, signal }) => {
      let all = client.getQueryData<RealtimeEvent[]>(queryKey) ?? [];
      for (;;) {
        const query = { limit: eventsAtOnce, after: all.at(-1)?.id ?? 0 };
        const next = await unwrap(
          api.GET('/api/realtime/calls/{id}/events', { signal, params: { path: { id }, query } }),
        );
        if (next.data.length > 0) all = [...all, ...next.data];
        if (next.data.length < eventsAtOnce) return all;
      }
    },
    refetchInterval: status === 'active' ? eventsMs : false,
    structuralSharing: false, // the list only grows
  });

/** The record of what was said in a call: turns, interruptions, latency. */
export const recordQuery = (id: string, status: RealtimeCall['status']) =>
  queryOptions({
    queryKey: ['realtime', 'record', id, status],
    queryFn: ({ signal }) => unwrap(api.GET('/api/conversations/{id}', { signal, params: { path: { id } } })),
    refetchInterval: status === 'active' ? watchMs : false,
  });

export const agentListQuery = () =>
  queryOptions({
    queryKey: ['agents'],
    queryFn: ({ signal }) =>
      unwrap(api.GET('/api/agents', { signal, params: { query: { status: 'active', limit: 100 } } })),
  });

export function endCall(id: string) {
  return unwrap(api.DELETE('/api/realtime/calls/{id}', { params: { path: { id } } }));
}

function createCall(sdp: string, session: Session) {
  return unwrap(api.POST('/api/realtime/calls', { body: { sdp, session } }));
}

/** Relays that this server has for networks without a direct way; not in the API's document, as it is the protocol's. */
async function iceServers(): Promise<RTCIceServer[]> {
  const answer = await fetch('/v1/realtime/ice_servers');
  if (!answer.ok) throw new ApiError('ice_servers', answer.status, {}, answer.statusText);
  return ((await answer.json()) as { iceServers: RTCIceServer[] }).iceServers;
}

/** What a call from this page with these settings uses. */
export function portsOf(session: Session, sound: Pick<PeerPorts, 'askForMicrophone' | 'play' | 'silence'>): PeerPorts {
  return {
    ...sound,
    newPeer: (config) => new RTCPeerConnection(config),
    iceServers,
    create: (sdp) => createCall(sdp, session),
    end: endCall,
  };
}
