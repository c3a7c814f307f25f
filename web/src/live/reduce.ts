import { prefixOfBytes } from '~/lib/heard';
import { type AgentLine, type Call, type CallerLine, type CallLine, isLive, isOver, type ToolLine } from '~/live/call';
import type { Item, ServerEvent } from '~/live/protocol';

/** What the page itself does to a call. */
export type LocalEvent =
  | { type: 'local.typed'; id: string; text: string }
  | { type: 'local.digits'; id: string; digits: string }
  | { type: 'local.input_started' }
  /** The first sound of an item left the loudspeaker. */
  | { type: 'local.sounding'; item_id: string }
  /** The page silenced the agent because the caller spoke. */
  | { type: 'local.held'; response_id: string }
  /** All sound of an item was played. */
  | { type: 'local.drained'; item_id: string };

/** The call after an event. Pure: at is the time in ms since the session began. */
export function reduce(call: Call, event: ServerEvent | LocalEvent, at: number): Call {
  if (isOver(call.state)) return call;
  switch (event.type) {
    case 'griot.conversation.created':
      return {
        ...call,
        conversation: event.conversation_id,
        agent: event.agent,
        maxDurationMs: event.limits.max_duration_ms,
      };
    case 'griot.notice':
      return notice(call, event.code, event.message, event.params ?? {}, 'info');
    case 'error':
      return problem(call, event.error);
    case 'griot.flow':
      return { ...call, node: event.node };
    case 'griot.floor':
      return floor({ ...call, floor: event.floor });
    case 'local.input_started':
      return { ...call, inputAt: at };
    case 'local.typed':
      return addLine(call, callerLine(event.id, at, 'typed', event.text));
    case 'local.digits':
      return addLine(call, callerLine(event.id, at, 'digits', event.digits));
    case 'conversation.item.added':
      return itemAdded(call, event.item, at);
    case 'conversation.item.deleted':
      return { ...call, lines: call.lines.filter((l) => l.id !== event.item_id) };

    case 'input_audio_buffer.speech_started':
      return speechStarted(call, event.item_id, call.inputAt + event.audio_start_ms);
    case 'input_audio_buffer.speech_stopped':
      return toThinking(patchCaller(call, event.item_id, (l) => ({ ...l, state: 'recognising' })));
    case 'griot.transcription.partial':
      return patchCaller(ensureCaller(call, event.item_id, at), event.item_id, (l) =>
        l.state === 'final' ? l : { ...l, text: event.text },
      );
    case 'conversation.item.input_audio_transcription.completed':
      return patchCaller(ensureCaller(call, event.item_id, at), event.item_id, (l) => ({
        ...l,
        text: event.transcript,
        state: 'final',
      }));
    case 'conversation.item.input_audio_transcription.failed':
      return patchCaller(ensureCaller(call, event.item_id, at), event.item_id, (l) => ({ ...l, state: 'failed' }));

    case 'response.created':
      return { ...call, response: event.response.id };
    case 'response.output_audio_transcript.delta':
      return agentText(call, event.response_id, event.item_id, at, false, (text) => text + event.delta);
    case 'response.output_audio_transcript.done':
      return agentText(call, event.response_id, event.item_id, at, false, (text) => event.transcript || text);
    case 'response.output_text.delta':
      return agentText(call, event.response_id, event.item_id, at, true, (text) => text + event.delta);
    case 'response.done':
      return responseDone(call, event.response.id, event.response.status);
    case 'griot.heard':
      return patchAgent(call, event.item_id, (l) => ({
        ...l,
        heardBytes: Math.max(l.heardBytes, event.text_bytes),
        heardMs: Math.max(l.heardMs, event.upto_ms),
      }));
    case 'griot.said':
      return said(call, event, at);
    case 'griot.tool':
      return tool(call, event, at);
    case 'griot.turn':
      return turn(call, event);

    case 'local.sounding':
      return sounding(call, event.item_id, at);
    case 'griot.hold':
      return hold(call, event.on);
    case 'local.held':
      return { ...call, state: { name: 'held', response: event.response_id, over: true } };
    case 'local.drained':
      return call.state.name === 'speaking' && call.floor !== 'agent' ? listening(call) : call;
    default:
      return call;
  }
}

function floor(call: Call): Call {
  if (!isLive(call.state)) return call;
  switch (call.floor) {
    case 'none':
      return listening(call);
    case 'caller':
      return call.state.name === 'held' ? call : { ...call, state: { name: 'listening', caller: true } };
    case 'model':
      return { ...call, state: { name: 'thinking' } };
    case 'agent':
      return call.state.name === 'held' ? call : { ...call, state: { name: 'speaking' } };
  }
}

function listening(call: Call): Call {
  return { ...call, state: { name: 'listening', caller: call.floor === 'caller' } };
}

function toThinking(call: Call): Call {
  return isLive(call.state) && call.state.name !== 'speaking' ? { ...call, state: { name: 'thinking' } } : call;
}

function speechStarted(call: Call, item: string, at: number): Call {
  const known = call.lines.some((l) => l.id === item);
  const next = known ? call : addLine(call, { ...callerLine(item, at, 'voice', ''), state: 'speaking' });
  return call.state.name === 'held' ? next : { ...next, state: { name: 'listening', caller: true } };
}

/** The server lets the agent pause while it finds out whether the caller means to speak. */
function hold(call: Call, on: boolean): Call {
  if (on) {
    const response = call.lines.findLast(
      (l): l is AgentLine => l.kind === 'agent' && l.started && !l.outcome,
    )?.response;
    return call.state.name === 'speaking' && response !== undefined
      ? { ...call, state: { name: 'held', response, over: false } }
      : call;
  }
  if (call.state.name !== 'held' || call.state.over) return call;
  return call.floor === 'agent' ? { ...call, state: { name: 'speaking' } } : listening(call);
}

function responseDone(call: Call, response: string, status: string): Call {
  const next = call.response === response ? { ...call, response: undefined } : call;
  const failed = status === 'failed' ? notice(next, 'response_failed', '', {}, 'error') : next;
  const lines = failed.lines.flatMap((l): CallLine[] => {
    if (l.kind !== 'agent' || l.response !== response || l.outcome) return [l];
    if (l.text === '') return []; // cancelled before a word of it was known
    const unheard = status === 'cancelled' && !l.started && !l.written;
    return unheard ? [{ ...l, outcome: { said: l.text, heard: '', cut: true, uptoMs: 0 } }] : [l];
  });
  return { ...failed, lines };
}

function said(call: Call, event: Extract<ServerEvent, { type: 'griot.said' }>, at: number): Call {
  const ensured = agentText(call, event.response_id, event.item_id, at, false, (text) => text || event.said);
  const outcome = { said: event.said, heard: event.heard, cut: event.cut === true, uptoMs: event.upto_ms };
  const next = patchAgent(ensured, event.item_id, (l) => ({ ...l, outcome }));
  return next.state.name === 'held' && next.state.response === event.response_id ? listening(next) : next;
}

function sounding(call: Call, item: string, at: number): Call {
  const next = patchAgent(call, item, (l) => (l.started ? l : { ...l, started: true, at }));
  const sorted = { ...next, lines: inOrder(next.lines) };
  return isLive(call.state) && call.state.name !== 'held' ? { ...sorted, state: { name: 'speaking' } } : sorted;
}

/** The lines of a call that is over: what was not heard by then never will be. */
export function settleAll(lines: readonly CallLine[]): CallLine[] {
  return lines.map((l) => {
    if (l.kind !== 'agent' || l.outcome || l.written) return l;
    const heard = prefixOfBytes(l.text, l.heardBytes);
    return { ...l, outcome: { said: l.text, heard, cut: heard !== l.text, uptoMs: l.heardMs } };
  });
}

function turn(call: Call, event: Extract<ServerEvent, { type: 'griot.turn' }>): Call {
  const turns = [...call.turns.filter((t) => t.turn !== event.turn), event].toSorted((a, b) => a.turn - b.turn);
  const ms = event.heard_ms >= 0 ? event.heard_ms : event.sent_ms;
  const lines = call.lines.map((l) =>
    l.kind === 'agent' && l.response === event.response_id && ms >= 0 ? { ...l, latencyMs: ms } : l,
  );
  return { ...call, turns, lines };
}

function tool(call: Call, event: Extract<ServerEvent, { type: 'griot.tool' }>, at: number): Call {
  const line: ToolLine = {
    kind: 'tool',
    id: event.call_id,
    at,
    name: event.name,
    arguments: event.arguments ?? '',
    status: event.status,
    output: event.output,
    tookMs: event.took_ms,
  };
  const known = call.lines.find((l): l is ToolLine => l.kind === 'tool' && l.id === event.call_id);
  if (!known) return addLine(call, line);
  const merged: ToolLine = { ...line, at: known.at, arguments: line.arguments || known.arguments };
  return { ...call, lines: call.lines.map((l) => (l === known ? merged : l)) };
}

/** Items that entered the history in another way than by this page's own speech: typed elsewhere, or a greeting. */
function itemAdded(call: Call, item: Item, at: number): Call {
  if (item.type !== 'message' || item.role !== 'user' || call.lines.some((l) => l.id === item.id)) return call;
  const text = (item.content ?? []).flatMap((p) => (p.type === 'input_text' && p.text ? [p.text] : [])).join(' ');
  if (text === '') return call; // speech: its words come as a transcription
  const keys = call.lines.findLast(
    (l): l is CallerLine => l.kind === 'caller' && l.by === 'digits' && l.id.startsWith('local_'),
  );
  if (keys && text.includes(keys.text)) {
    return { ...call, lines: call.lines.map((l) => (l === keys ? { ...keys, id: item.id } : l)) };
  }
  return addLine(call, callerLine(item.id, at, 'typed', text));
}

function problem(call: Call, error: { code?: string | null; message?: string }): Call {
  // A cancellation that crosses the end of its response, and typing while the agent begins to answer, are everyday races.
  const code = error.code ?? 'unknown';
  if (code === 'response_cancel_not_active') return call;
  return notice(call, code, error.message ?? '', {}, 'error');
}

function notice(
  call: Call,
  code: string,
  message: string,
  params: Record<string, string>,
  severity: 'info' | 'error',
): Call {
  const known = call.notices.find((n) => n.code === code);
  const next = { code, message, params, severity, count: (known?.count ?? 0) + 1 };
  return { ...call, notices: known ? call.notices.map((n) => (n === known ? next : n)) : [...call.notices, next] };
}

function callerLine(id: string, at: number, by: CallerLine['by'], text: string): CallerLine {
  return { kind: 'caller', id, at, by, text, state: 'final' };
}

function ensureCaller(call: Call, id: string, at: number): Call {
  if (call.lines.some((l) => l.id === id)) return call;
  return addLine(call, { ...callerLine(id, at, 'voice', ''), state: 'speaking' });
}

function patchCaller(call: Call, id: string, patch: (l: CallerLine) => CallerLine): Call {
  return { ...call, lines: call.lines.map((l) => (l.kind === 'caller' && l.id === id ? patch(l) : l)) };
}

function patchAgent(call: Call, id: string, patch: (l: AgentLine) => AgentLine): Call {
  return { ...call, lines: call.lines.map((l) => (l.kind === 'agent' && l.id === id ? patch(l) : l)) };
}

function agentText(
  call: Call,
  response: string,
  id: string,
  at: number,
  written: boolean,
  change: (text: string) => string,
): Call {
  if (call.lines.some((l) => l.kind === 'agent' && l.id === id)) {
    return patchAgent(call, id, (l) => ({ ...l, text: change(l.text) }));
  }
  return addLine(call, {
    kind: 'agent',
    id,
    response,
    at,
    text: change(''),
    written,
    started: false,
    heardBytes: 0,
    heardMs: 0,
  });
}

function addLine(call: Call, line: CallLine): Call {
  return { ...call, lines: inOrder([...call.lines, line]) };
}

/** The order of speech on the session's clock. Lines of the same moment stay in the order in which they came. */
function inOrder(lines: CallLine[]): CallLine[] {
  return lines.toSorted((a, b) => a.at - b.at);
}
