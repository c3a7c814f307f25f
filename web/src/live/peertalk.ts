/** What was said in a call over WebRTC, from the events on its data channel. Plain values, replaced as a whole by every event. */

export interface TalkLine {
  id: string;
  by: 'caller' | 'agent';
  text: string;
  /** More words may come. */
  open: boolean;
  /** The agent was interrupted: the end was not heard. */
  cut?: boolean;
}

export interface Talk {
  lines: readonly TalkLine[];
  /** Who is heard right now. */
  caller: boolean;
  agent: boolean;
  /** A response is being made and nothing of it is heard yet. */
  thinking: boolean;
  /** The latest error that the server told, in its own words. */
  error?: string;
}

export const noTalk: Talk = { lines: [], caller: false, agent: false, thinking: false };

/** An event of the Realtime protocol as it comes. */
export interface WireEvent {
  type: string;
  [field: string]: unknown;
}

/** The talk after an event. Events that say nothing about it leave it as it is. */
export function hear(talk: Talk, e: WireEvent): Talk {
  const item = text(e.item_id);
  switch (e.type) {
    case 'input_audio_buffer.speech_started':
      return { ...talk, caller: true };
    case 'input_audio_buffer.speech_stopped':
      return { ...talk, caller: false };
    case 'input_audio_buffer.committed':
      return withLine(talk, item, 'caller', (l) => l);
    case 'conversation.item.input_audio_transcription.delta':
      return withLine(talk, item, 'caller', (l) => ({ ...l, text: l.text + text(e.delta) }));
    case 'conversation.item.input_audio_transcription.completed':
      return withLine(talk, item, 'caller', (l) => ({ ...l, text: text(e.transcript), open: false }));
    case 'conversation.item.input_audio_transcription.failed':
      return withLine(talk, item, 'caller', (l) => ({ ...l, open: false }));
    case 'conversation.item.added':
      return written(talk, e.item);
    case 'response.created':
      return { ...talk, thinking: true };
    case 'response.done':
      return { ...talk, thinking: false };
    case 'output_audio_buffer.started':
      return { ...talk, agent: true, thinking: false };
    case 'output_audio_buffer.stopped':
    case 'output_audio_buffer.cleared':
      return { ...talk, agent: false };
    case 'response.output_audio_transcript.delta':
    case 'response.output_text.delta':
      return withLine(talk, item, 'agent', (l) => ({ ...l, text: l.text + text(e.delta) }));
    case 'response.output_audio_transcript.done':
      return withLine(talk, item, 'agent', (l) => ({ ...l, text: text(e.transcript) || l.text, open: false }));
    case 'response.output_text.done':
      return withLine(talk, item, 'agent', (l) => ({ ...l, text: text(e.text) || l.text, open: false }));
    case 'conversation.item.truncated':
      return withLine(talk, item, 'agent', (l) => ({ ...l, open: false, cut: true }));
    case 'error':
      return { ...talk, error: text((e.error as { message?: unknown } | undefined)?.message) };
    default:
      return talk;
  }
}

const text = (value: unknown) => (typeof value === 'string' ? value : '');

/** A message that was written, not spoken. */
function written(talk: Talk, item: unknown): Talk {
  const { id, role, content } = (item ?? {}) as { id?: string; role?: string; content?: { text?: unknown }[] };
  const words = content?.map((c) => text(c.text)).join(' ') ?? '';
  if (!id || role !== 'user' || words === '') return talk;
  return withLine(talk, id, 'caller', (l) => ({ ...l, text: words, open: false }));
}

function withLine(talk: Talk, id: string, by: TalkLine['by'], change: (line: TalkLine) => TalkLine): Talk {
  if (id === '') return talk;
  const at = talk.lines.findIndex((l) => l.id === id);
  const known = talk.lines[at] ?? { id, by, text: '', open: true };
  const line = change(known);
  return { ...talk, lines: at < 0 ? [...talk.lines, line] : talk.lines.with(at, line) };
}
