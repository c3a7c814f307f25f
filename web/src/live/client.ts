import { decodePcm, encodePcm } from '~/live/base64';
import { type Call, type FailureCode, isLive, isOver, type MicFault, newCall, type StepName } from '~/live/call';
import { EventLog } from '~/live/eventlog';
import { Levels, loudness } from '~/live/levels';
import { MicWatch } from '~/live/micwatch';
import {
  type Microphone,
  MicrophoneError,
  type OpenMicrophone,
  type OpenSocket,
  type OpenSpeaker,
  type Socket,
} from '~/live/ports';
import { Playback } from '~/live/position';
import { type ClientEvent, parse, type ServerEvent } from '~/live/protocol';
import { type LocalEvent, reduce, settleAll } from '~/live/reduce';

export interface LiveOptions {
  /** The agent's reference. */
  agent: string;
  /** Whether to ask for the microphone at the start. It can be opened later as well. */
  microphone: boolean;
  /** The agent writes instead of speaking, its greeting too: there is no sound. */
  written?: boolean;
  openMicrophone: OpenMicrophone;
  openSpeaker: OpenSpeaker;
  openSocket: OpenSocket;
  /** Where the page comes from, e.g. "https://host". */
  origin: string;
  now?: () => number;
}

/** How far back the lanes show, in seconds. */
export const laneSeconds = 25;

const connectLimitMs = 12_000;
/** More than this waiting in the socket means that the network does not keep up: frames are then left out, and not queued. */
const maxBuffered = 256 * 1024;

/** One conversation with an agent over the Realtime protocol. Knows nothing of React: a screen subscribes and draws. */
export class LiveClient {
  readonly log = new EventLog();
  readonly levels = { caller: new Levels(laneSeconds + 2), agent: new Levels(laneSeconds + 2) };
  /** Frames of the caller's sound: sent, and left out because the network did not keep up. */
  readonly frames = { sent: 0, dropped: 0 };

  private call: Call = newCall();
  private readonly listeners = new Set<() => void>();
  private readonly now: () => number;
  private readonly playback: Playback;
  private readonly watch = new MicWatch();
  private socket?: Socket;
  private microphone?: Microphone;
  private interruptible = true;
  private deadline?: ReturnType<typeof setTimeout>;
  private sequence = 0;
  private giveUpMic?: () => void;

  constructor(private readonly options: LiveOptions) {
    this.now = options.now ?? (() => performance.now());
    this.playback = new Playback({
      now: this.now,
      report: (event) => this.send(event),
      sounding: (item) => this.apply({ type: 'local.sounding', item_id: item }),
      drained: (item) => this.apply({ type: 'local.drained', item_id: item }),
      level: (rms) => this.levels.agent.add(this.now(), loudness(rms)),
      blocked: (soundBlocked) => this.set({ ...this.call, soundBlocked }),
    });
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly getSnapshot = (): Call => this.call;

  /** ms between the agent's sound leaving the page and its being audible. */
  get outputLatencyMs(): number {
    return this.playback.latencyMs;
  }

  /** Goes through the steps; returns when the socket has been opened, or when there is nothing more to wait for. */
  async start(): Promise<void> {
    if (this.call.state.name !== 'idle') return;
    this.set({ ...this.call, state: { name: 'connecting', step: 'mic' } });
    try {
      if (!this.options.written) await this.playback.open(this.options.openSpeaker);
    } catch (cause) {
      this.fail('sound', cause instanceof Error ? cause.message : undefined);
      return;
    }
    if (isOver(this.call.state)) return;
    if (this.options.microphone) {
      this.step('mic', 'running');
      // The question of the browser may stay open for as long as the person likes: going on without is always possible.
      const skipped = new Promise<void>((resolve) => {
        this.giveUpMic = resolve;
      });
      await Promise.race([this.enableMicrophone(), skipped]);
      this.step('mic', this.microphone ? 'done' : this.call.mic.state === 'asking' ? 'skipped' : 'failed');
    } else {
      this.step('mic', 'skipped');
    }
    if (isOver(this.call.state)) return; // ended while the browser was asking
    this.connect();
  }

  /** Goes on without waiting for the microphone. */
  skipMicrophone(): void {
    this.giveUpMic?.();
  }

  /** Opens the microphone; what came of it is in the call. */
  async enableMicrophone(): Promise<void> {
    if (this.microphone || this.call.mic.state === 'asking' || isOver(this.call.state)) return;
    this.set({ ...this.call, mic: { state: 'asking', label: '' } });
    try {
      const microphone = await this.options.openMicrophone({
        onFrame: (pcm, rms, peak) => this.frame(pcm, rms, peak),
        onLost: () => this.microphoneFailed('lost'),
      });
      if (isOver(this.call.state)) {
        microphone.close();
        return;
      }
      this.microphone = microphone;
      this.watch.reset(this.now());
      this.set({ ...this.call, mic: { state: 'on', label: microphone.label } });
    } catch (cause) {
      this.microphoneFailed(cause instanceof MicrophoneError ? cause.fault : 'unavailable');
    }
  }

  setMuted(muted: boolean): void {
    if (!this.microphone || isOver(this.call.state)) return;
    this.microphone.setMuted(muted);
    this.watch.reset(this.now());
    this.set({ ...this.call, mic: { state: muted ? 'muted' : 'on', label: this.microphone.label } });
  }

  setVolume(volume: number): void {
    this.playback.setVolume(volume);
  }

  /** Within a click: lets the sound through that the browser held back. */
  unblockSound(): Promise<void> {
    return this.playback.resume();
  }

  /** Says something in writing. An answer that is under way is cut short, as by speech. */
  sendText(text: string): void {
    if (!isLive(this.call.state)) return;
    this.interrupt();
    const id = `item_${crypto.randomUUID().replaceAll('-', '').slice(0, 24)}`;
    this.apply({ type: 'local.typed', id, text });
    const content = [{ type: 'input_text', text }];
    this.send({ type: 'conversation.item.create', item: { id, type: 'message', role: 'user', content } });
    this.send({ type: 'response.create' });
  }

  /** Presses keys, as on a telephone: 0-9 * #. */
  sendDigits(digits: string): void {
    if (!isLive(this.call.state)) return;
    this.apply({ type: 'local.digits', id: `local_${++this.sequence}`, digits });
    this.send({ type: 'griot.digits', digits });
  }

  /** Silences the agent and ends its answer. */
  interrupt(): void {
    if (this.call.response !== undefined) this.send({ type: 'response.cancel' });
    this.yielded(this.playback.stop());
  }

  /** Ends the conversation, if one was begun. Without a reason it was the person's own wish. */
  end(reason = 'client_closed'): void {
    if (isOver(this.call.state) || this.call.state.name === 'idle') return;
    this.finish({ ...this.call, state: { name: 'ended', reason } });
  }

  private connect(): void {
    this.step('network', 'running');
    this.set({ ...this.call, state: { name: 'connecting', step: 'network' } });
    const base = this.options.origin.replace(/^http/, 'ws');
    const model = encodeURIComponent(`agent:${this.options.agent}`);
    const socket = this.options.openSocket(
      `${base}/v1/realtime?model=${model}&extensions=griot${this.options.written ? '&modalities=text' : ''}`,
    );
    this.socket = socket;
    this.deadline = setTimeout(() => this.fail('timeout'), connectLimitMs);
    socket.onopen = () => {
      this.step('network', 'done');
      this.step('agent', 'running');
      this.set({ ...this.call, state: { name: 'connecting', step: 'agent' } });
    };
    socket.onmessage = (e) => this.receive(e.data);
    socket.onclose = (e) => this.closed(e.code, e.reason);
  }

  private receive(data: unknown): void {
    const message = parse(data);
    const at = this.sessionTime();
    if (message.kind === 'broken') {
      this.log.add(at, 'page', 'broken', { text: String(data).slice(0, 200) });
      return;
    }
    this.log.add(at, 'server', message.kind === 'event' ? message.event.type : message.type, message.raw);
    if (message.kind === 'event') this.act(message.event);
  }

  private act(event: ServerEvent): void {
    switch (event.type) {
      case 'session.created':
        this.opened(event.session);
        return;
      case 'response.output_audio.delta': {
        const pcm = decodePcm(event.delta);
        if (pcm) this.playback.push(event.response_id, event.item_id, pcm);
        return;
      }
      case 'response.output_audio.done':
        this.playback.end(event.response_id, event.item_id);
        return;
      case 'input_audio_buffer.speech_started':
        this.apply(event);
        if (this.interruptible) this.yielded(this.playback.yield(this.call.response));
        return;
      case 'response.done':
        if (event.response.status === 'cancelled') this.yielded(this.playback.stop(event.response.id));
        this.apply(event);
        return;
      case 'griot.hold':
        this.playback.hold(event.on);
        this.apply(event);
        return;
      case 'griot.duck':
        this.playback.duck(event.on);
        return;
      case 'griot.ended':
        this.finish({ ...this.call, state: { name: 'ended', reason: event.reason } });
        return;
      default:
        this.apply(event);
    }
  }

  private opened(session: object): void {
    clearTimeout(this.deadline);
    this.interruptible = mayInterrupt(session);
    this.step('agent', 'done');
    if (!isOver(this.call.state)) {
      this.set({ ...this.call, openedAt: this.now(), state: { name: 'listening', caller: false } });
    }
  }

  /** The loudspeaker was silenced for good; what was heard is settled by the server. */
  private yielded(response: string | undefined): void {
    if (response !== undefined) this.apply({ type: 'local.held', response_id: response });
  }

  private frame(pcm: Int16Array<ArrayBuffer>, rms: number, peak: number): void {
    if (isOver(this.call.state)) return;
    const now = this.now();
    const muted = this.call.mic.state === 'muted';
    this.levels.caller.add(now, muted ? 0 : loudness(rms));
    const trouble = muted ? undefined : this.watch.hear(now, peak);
    if (trouble !== this.call.mic.trouble) this.set({ ...this.call, mic: { ...this.call.mic, trouble } });
    if (!isLive(this.call.state) || !this.socket) return;
    if (this.socket.bufferedAmount > maxBuffered) {
      this.frames.dropped++;
      return;
    }
    if (this.frames.sent === 0) this.apply({ type: 'local.input_started' });
    this.frames.sent++;
    this.send({ type: 'input_audio_buffer.append', audio: encodePcm(pcm) });
  }

  private microphoneFailed(fault: MicFault): void {
    this.microphone?.close();
    this.microphone = undefined;
    if (!isOver(this.call.state)) this.set({ ...this.call, mic: { state: fault, label: '' } });
  }

  private send(event: ClientEvent): void {
    if (!this.socket || isOver(this.call.state)) return;
    this.socket.send(JSON.stringify(event));
    if (event.type !== 'input_audio_buffer.append')
      this.log.add(this.sessionTime(), 'client', event.type, { ...event });
  }

  private closed(code: number, reason: string): void {
    if (isOver(this.call.state)) return;
    this.log.add(this.sessionTime(), 'page', 'closed', { code, reason });
    if (this.call.openedAt === undefined) this.fail('refused', reason);
    else if (code === 1000) this.finish({ ...this.call, state: { name: 'ended', reason: reason || 'server_closed' } });
    else this.fail(code === 1006 ? 'lost' : 'server', reason);
  }

  private fail(code: FailureCode, detail?: string): void {
    if (isOver(this.call.state)) return;
    const steps = this.call.steps.map((s) => (s.state === 'running' ? { ...s, state: 'failed' as const } : s));
    this.finish({ ...this.call, steps, state: { name: 'failed', code, detail: detail || undefined } });
  }

  /** The one way out: everything that was opened is closed, and the call keeps what it knows. */
  private finish(call: Call): void {
    clearTimeout(this.deadline);
    this.playback.stop();
    const mic = { state: 'off' as const, label: '' };
    const lines = settleAll(this.call.lines);
    this.set({ ...call, lines, endedAt: this.now(), mic, soundBlocked: false, response: undefined });
    this.giveUpMic?.();
    this.microphone?.close();
    this.microphone = undefined;
    this.playback.close();
    const socket = this.socket;
    this.socket = undefined;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close(1000, 'client_closed');
  }

  private apply(event: ServerEvent | LocalEvent): void {
    this.set(reduce(this.call, event, this.sessionTime()));
  }

  private step(name: StepName, state: 'running' | 'done' | 'skipped' | 'failed'): void {
    const now = this.now();
    const steps = this.call.steps.map((s) => {
      if (s.name !== name) return s;
      return state === 'running' ? { ...s, state, from: now } : { ...s, state, to: now };
    });
    this.set({ ...this.call, steps });
  }

  private set(call: Call): void {
    if (call === this.call) return;
    this.call = call;
    for (const listener of this.listeners) listener();
  }

  private sessionTime(): number {
    return this.call.openedAt === undefined ? 0 : this.now() - this.call.openedAt;
  }
}

/** Whether the caller's speech cuts the agent short: session.audio.input.turn_detection.interrupt_response, true when not said. */
function mayInterrupt(session: object): boolean {
  let value: unknown = session;
  for (const key of ['audio', 'input', 'turn_detection', 'interrupt_response']) {
    if (typeof value !== 'object' || value === null) return true;
    value = (value as Record<string, unknown>)[key];
  }
  return value !== false;
}
