import type {
  Agent,
  Conversation,
  ConversationDetail,
  Line,
  Me,
  RealtimeCall,
  RealtimeStats,
  Role,
  TurnTimed,
} from '~/api/client';

export function anAgent(over: Partial<Agent> = {}): Agent {
  return {
    id: 'file:reception-en',
    reference: 'reception-en',
    source: 'file',
    version: 1,
    etag: '',
    model_name: 'flow/reception',
    family: '',
    tools: [],
    created_by: '',
    updated_by: '',
    name: 'Reception',
    description: 'Answers the telephone.',
    kind: 'voice',
    status: 'active',
    language: 'en',
    voice: 'espeak en',
    model: 'flow: reception',
    recogniser: 'pocketsphinx',
    listens: true,
    notices: [],
    greeting: 'Hello',
    ...over,
  };
}

export function aConversation(over: Partial<Conversation> = {}): Conversation {
  return {
    id: 'c-1',
    agent: 'reception-en',
    agent_name: 'Reception',
    agent_version: 1,
    language: 'en',
    channel: 'realtime',
    status: 'ended',
    started_at: '2026-11-20T14:05:12Z',
    ended_at: '2026-11-20T14:06:12Z',
    duration_ms: 60_000,
    turns: 2,
    interruptions: 1,
    end_reason: 'client_closed',
    latency_p50_ms: 612,
    preview: 'Hello there',
    tokens: { input: 0, cached: 0, output: 0, audio_input: 0, audio_cached: 0, audio_output: 0 },
    ...over,
  };
}

export function aDetail(over: Partial<ConversationDetail> = {}): ConversationDetail {
  return {
    ...aConversation(),
    transcript: [
      aLine({ item: 'i1', role: 'agent', text: 'Hello.', said: 'Hello.', heard: 'Hello.', at_ms: 200, end_ms: 900 }),
      aLine({ item: 'i2', role: 'user', text: 'When are you open?', at_ms: 2000, end_ms: 3400 }),
      aLine({
        item: 'i3',
        role: 'agent',
        text: 'We open at nine',
        said: 'We open at nine and close at five.',
        heard: 'We open at nine',
        cut: true,
        at_ms: 4000,
        end_ms: 5500,
        latency_ms: 612,
      }),
    ],
    models: { stt: 'pocketsphinx', llm: 'flow: reception', tts: 'espeak en' },
    timings: [aTurn({ turn: 1, item: 'i2', response: 'r2' })],
    notices: [],
    recording: { available: false, duration_ms: 0, url: '' },
    ...over,
  };
}

export function aLine(over: Partial<Line>): Line {
  return { item: 'i', role: 'user', text: '', at_ms: 0, ...over };
}

export function aTurn(over: Partial<TurnTimed> = {}): TurnTimed {
  return {
    response: 'r',
    turn: 1,
    item: 'i',
    end_of_turn_ms: 500,
    final_text_ms: 520,
    first_token_ms: 530,
    tools_done_ms: -1,
    first_audio_ms: 580,
    sent_ms: 590,
    heard_ms: 612,
    ...over,
  };
}

export function aCall(over: Partial<RealtimeCall> = {}): RealtimeCall {
  return {
    call_id: 'rtc_1',
    model: 'agent:reception-en',
    status: 'ended',
    created_at: 1_795_246_332,
    ended_at: 1_795_246_397,
    duration_seconds: 65,
    voice: 'alloy',
    modalities: ['text', 'audio'],
    end_reason: 'hung_up',
    ...over,
  };
}

export function theStats(over: Partial<RealtimeStats> = {}): RealtimeStats {
  return {
    total_calls: 42,
    active_calls: 3,
    ended_calls: 39,
    avg_duration_seconds: 245.5,
    total_events: 168,
    calls_by_model: { 'agent:reception-en': 42 },
    calls_by_voice: { alloy: 20, echo: 15, shimmer: 4, onyx: 2, nova: 1 },
    ...over,
  };
}

const granted = {
  viewer: ['agents:read', 'conversations:read', 'system:read'],
  user: ['talk'],
  manager: ['agents:write', 'conversations:delete', 'providers:read', 'people:read'],
  admin: ['providers:write', 'people:write', 'keys:read', 'keys:write', 'audit:read', 'tenant:write'],
} as const;

export const roleNames = ['viewer', 'user', 'manager', 'admin'] as const;

/** What a role may do. */
export function permissionsOf(role: Role): string[] {
  return roleNames.slice(0, roleNames.indexOf(role) + 1).flatMap((r) => [...granted[r]]);
}

export function theRoles() {
  return {
    items: roleNames.map((role) => ({ role, permissions: permissionsOf(role) })),
    scopes: permissionsOf('admin'),
  };
}

/** This machine, before anybody needs to sign in. */
export function aMachine(over: Partial<Me> = {}): Me {
  return {
    kind: 'machine',
    has_password: false,
    tenant: { id: 'default', name: 'Default' },
    tenants: [{ id: 'default', name: 'Default' }],
    role: 'admin',
    permissions: [...permissionsOf('admin'), 'installation:operate'],
    ...over,
  };
}

/** Somebody who is signed in, in a role. */
export function aPerson(role: Role = 'admin', over: Partial<Me> = {}): Me {
  return {
    kind: 'session',
    has_password: true,
    person: { id: 'p-1', email: 'awa@example.org', name: 'Awa Diop', language: 'en' },
    tenant: { id: 'default', name: 'Nova' },
    tenants: [{ id: 'default', name: 'Nova' }],
    role,
    permissions: permissionsOf(role),
    expires_at: '2026-12-20T14:05:12Z',
    ...over,
  };
}
