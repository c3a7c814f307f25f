import type {
  Agent,
  Conversation,
  ConversationDetail,
  EarTruth,
  Line,
  Me,
  Overview,
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
    recording: { available: false, pending: false, duration_ms: 0, url: '' },
    ...over,
  };
}

export function anEar(over: Partial<EarTruth> = {}): EarTruth {
  return {
    duration_ms: 60_000,
    turns: [
      {
        from_ms: 2000,
        at_ms: 3400,
        response: 'r2',
        response_delay_ms: 640,
        pipeline_ms: 612,
        unexplained_ms: 28,
        overlap_ms: 0,
        dead_air_ms: 0,
        clipped_words: 0,
      },
      { from_ms: 9000, at_ms: 9900, response_delay_ms: 900, overlap_ms: 0, dead_air_ms: 0, clipped_words: 0 },
    ],
    barge_ins: [{ at_ms: 5300, stop_ms: 200 }],
    overlaps: [],
    silences: [{ at_ms: 12_000, length_ms: 2500 }],
    clips: [],
    barge_in_stop_p50_ms: 200,
    overlap_ms: 1500,
    dead_air_ms: 2500,
    clipped_words: 0,
    caller_ms: 15_000,
    agent_ms: 30_000,
    caller_share: 0.25,
    agent_share: 0.5,
    ...over,
  } as EarTruth;
}

export function anOverview(over: Partial<Overview> = {}): Overview {
  const tokens = { input: 0, cached: 0, output: 0, audio_input: 0, audio_cached: 0, audio_output: 0 };
  const sums = {
    conversations: 0,
    failed: 0,
    ended: 0,
    duration_ms: 0,
    mean_ms: 0,
    min_ms: 0,
    max_ms: 0,
    turns: 0,
    interruptions: 0,
    revenue: 0,
    tokens,
  };
  return {
    from: '2026-11-20T14:00:00Z',
    to: '2026-11-21T14:00:00Z',
    at: '2026-11-21T14:00:00Z',
    tz: 'UTC',
    active: 0,
    live: Array.from({ length: 16 }, () => 0),
    total: sums,
    previous: sums,
    latency: { turns: 0, ear_turns: 0 },
    durations: [],
    channels: [],
    agents: [],
    step_ms: 3_600_000,
    series: [],
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
  viewer: ['agents:read', 'conversations:read', 'system:read', 'tools:read'],
  user: ['talk'],
  manager: ['agents:write', 'conversations:delete', 'providers:read', 'people:read', 'tools:write', 'effects:decide'],
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
