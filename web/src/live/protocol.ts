/** The Realtime protocol as this page speaks it: the general dialect, and our extensions (the names that begin with "griot."). */

export interface AgentInfo {
  reference: string;
  name: string;
  language: string;
  voice: string;
  model: string;
  recogniser: string;
  listens: boolean;
}

export type Floor = 'none' | 'caller' | 'model' | 'agent';

interface Part {
  type: string;
  text?: string;
  transcript?: string | null;
}

export interface Item {
  id: string;
  type: string;
  role?: string;
  content?: Part[];
  name?: string;
  call_id?: string;
  arguments?: string;
}

export interface TurnEvent {
  type: 'griot.turn';
  response_id: string;
  turn: number;
  item_id: string;
  end_of_turn_ms: number;
  final_text_ms: number;
  first_token_ms: number;
  tools_done_ms: number;
  first_audio_ms: number;
  sent_ms: number;
  heard_ms: number;
}

/** What the server says and this page acts upon. Other types exist; they are shown in the list of events and nothing more. */
export type ServerEvent =
  | { type: 'session.created'; session: object }
  | { type: 'error'; error: { type?: string; code?: string | null; message?: string } }
  | { type: 'conversation.item.added'; item: Item; previous_item_id?: string | null }
  | { type: 'conversation.item.deleted'; item_id: string }
  | { type: 'conversation.item.input_audio_transcription.completed'; item_id: string; transcript: string }
  | { type: 'conversation.item.input_audio_transcription.failed'; item_id: string; error: { message?: string } }
  | { type: 'input_audio_buffer.speech_started'; item_id: string; audio_start_ms: number }
  | { type: 'input_audio_buffer.speech_stopped'; item_id: string; audio_end_ms: number }
  | { type: 'input_audio_buffer.committed'; item_id: string }
  | { type: 'response.created'; response: { id: string } }
  | { type: 'response.output_item.added'; response_id: string; item: Item }
  | { type: 'response.output_audio.delta'; response_id: string; item_id: string; delta: string }
  | { type: 'response.output_audio.done'; response_id: string; item_id: string }
  | { type: 'response.output_audio_transcript.delta'; response_id: string; item_id: string; delta: string }
  | { type: 'response.output_audio_transcript.done'; response_id: string; item_id: string; transcript: string }
  | { type: 'response.output_text.delta'; response_id: string; item_id: string; delta: string }
  | { type: 'response.done'; response: { id: string; status: string; status_details?: object | null } }
  | {
      type: 'griot.conversation.created';
      conversation_id: string;
      agent: AgentInfo;
      limits: { max_duration_ms: number };
    }
  | { type: 'griot.notice'; code: string; message: string; params?: Record<string, string> }
  | { type: 'griot.flow'; node: string }
  | { type: 'griot.floor'; floor: Floor }
  | { type: 'griot.hold'; on: boolean }
  | { type: 'griot.duck'; on: boolean }
  | { type: 'griot.transcription.partial'; item_id: string; text: string }
  | { type: 'griot.heard'; response_id: string; item_id: string; upto_ms: number; text_bytes: number }
  | {
      type: 'griot.said';
      response_id: string;
      item_id: string;
      said: string;
      heard: string;
      upto_ms: number;
      total_ms: number;
      cut: boolean;
    }
  | {
      type: 'griot.tool';
      call_id: string;
      name: string;
      arguments: string;
      status: 'called' | 'returned' | 'failed';
      output?: string;
      took_ms?: number;
    }
  | TurnEvent
  | { type: 'griot.ended'; reason: string };

export type ServerEventType = ServerEvent['type'];

/** What this page says. */
export type ClientEvent =
  | { type: 'input_audio_buffer.append'; audio: string }
  | { type: 'conversation.item.create'; item: object }
  | { type: 'response.create' }
  | { type: 'response.cancel' }
  | { type: 'griot.playback'; response_id: string; item_id: string; audio_end_ms: number; final: boolean }
  | { type: 'griot.digits'; digits: string };

type Kind = 'string' | 'number' | 'boolean' | 'object';

/** The members without which an event of a type cannot be acted upon. */
const required: Record<ServerEventType, Record<string, Kind>> = {
  'session.created': { session: 'object' },
  error: { error: 'object' },
  'conversation.item.added': { item: 'object' },
  'conversation.item.deleted': { item_id: 'string' },
  'conversation.item.input_audio_transcription.completed': { item_id: 'string', transcript: 'string' },
  'conversation.item.input_audio_transcription.failed': { item_id: 'string', error: 'object' },
  'input_audio_buffer.speech_started': { item_id: 'string', audio_start_ms: 'number' },
  'input_audio_buffer.speech_stopped': { item_id: 'string', audio_end_ms: 'number' },
  'input_audio_buffer.committed': { item_id: 'string' },
  'response.created': { response: 'object' },
  'response.output_item.added': { response_id: 'string', item: 'object' },
  'response.output_audio.delta': { response_id: 'string', item_id: 'string', delta: 'string' },
  'response.output_audio.done': { response_id: 'string', item_id: 'string' },
  'response.output_audio_transcript.delta': { response_id: 'string', item_id: 'string', delta: 'string' },
  'response.output_audio_transcript.done': { response_id: 'string', item_id: 'string', transcript: 'string' },
  'response.output_text.delta': { response_id: 'string', item_id: 'string', delta: 'string' },
  'response.done': { response: 'object' },
  'griot.conversation.created': { conversation_id: 'string', agent: 'object', limits: 'object' },
  'griot.notice': { code: 'string', message: 'string' },
  'griot.flow': { node: 'string' },
  'griot.floor': { floor: 'string' },
  'griot.hold': { on: 'boolean' },
  'griot.duck': { on: 'boolean' },
  'griot.transcription.partial': { item_id: 'string', text: 'string' },
  'griot.heard': { response_id: 'string', item_id: 'string', upto_ms: 'number', text_bytes: 'number' },
  'griot.said': { response_id: 'string', item_id: 'string', said: 'string', heard: 'string', upto_ms: 'number' },
  'griot.tool': { call_id: 'string', name: 'string', status: 'string' },
  'griot.turn': { response_id: 'string', turn: 'number', heard_ms: 'number', sent_ms: 'number' },
  'griot.ended': { reason: 'string' },
};

/** A message of the server: an event to act upon, one of a type this page takes no part in, or rubbish. */
export type Parsed =
  | { kind: 'event'; event: ServerEvent; raw: Record<string, unknown> }
  | { kind: 'other'; type: string; raw: Record<string, unknown> }
  | { kind: 'broken' };

export function parse(data: unknown): Parsed {
  if (typeof data !== 'string') return { kind: 'broken' };
  let raw: unknown;
  try {
    raw = JSON.parse(data);
  } catch {
    return { kind: 'broken' };
  }
  if (!isRecord(raw) || typeof raw.type !== 'string') return { kind: 'broken' };
  const shape = Object.hasOwn(required, raw.type) ? required[raw.type as ServerEventType] : undefined;
  if (!shape) return { kind: 'other', type: raw.type, raw };
  for (const [member, kind] of Object.entries(shape)) {
    const value = raw[member];
    if (kind === 'object' ? !isRecord(value) : typeof value !== kind) return { kind: 'broken' };
  }
  return { kind: 'event', event: raw as unknown as ServerEvent, raw };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
