import type { MicFault } from '~/live/call';
import { hear, noTalk, type Talk, type WireEvent } from '~/live/peertalk';
import { MicrophoneError } from '~/live/ports';

/** What has to happen before a call over WebRTC is on, in this order. */
export const peerSteps = ['mic', 'server', 'network'] as const;
export type PeerStep = (typeof peerSteps)[number];

export type PeerState =
  | { name: 'idle' }
  | { name: 'connecting'; step: PeerStep }
  | { name: 'connected' }
  /** The network is silent; it may come back. */
  | { name: 'unstable' }
  /** by: who ended it. */
  | { name: 'ended'; by: 'person' | 'server' }
  /** mic: there is none, for the reason. create: the server refused, for the error. network: no way between the two was found. */
  | { name: 'failed'; code: 'mic'; fault: MicFault }
  | { name: 'failed'; code: 'create'; error: unknown }
  | { name: 'failed'; code: 'network' };

/** How the sound travels, as the browser counts it. */
export interface PeerLine {
  codec: string;
  roundTripMs?: number;
  jitterMs?: number;
  received: number;
  lost: number;
}

/** All that a screen may know of a call: a value, replaced as a whole by every change. */
export interface PeerView {
  state: PeerState;
  id?: string;
  /** performance.now() when it was connected, and when it was over. */
  openedAt?: number;
  endedAt?: number;
  /** none: the call goes on without a microphone. */
  mic: 'none' | 'on' | 'muted';
  soundBlocked: boolean;
  talk: Talk;
  line?: PeerLine;
}

/** What a call needs of the browser and of the server. */
export interface PeerPorts {
  askForMicrophone(): Promise<MediaStream>;
  newPeer(config: RTCConfiguration): RTCPeerConnection;
  iceServers(): Promise<RTCIceServer[]>;
  /** Sends the offer; fails with what the server says is wrong. */
  create(sdp: string): Promise<{ call_id: string; sdp_answer: string }>;
  /** Ends it on the server. */
  end(id: string): Promise<unknown>;
  /** Plays a stream; fails when the browser keeps sound back until there is a click. */
  play(stream: MediaStream): Promise<void>;
  silence(): void;
}

const connectWithinMs = 20_000;
const lineEveryMs = 1_000;

/** One call over WebRTC from this page to the server: the browser's own connection, and what was said on its data channel. */
export class PeerCall {
  private view: PeerView = { state: { name: 'idle' }, mic: 'none', soundBlocked: false, talk: noTalk };
  private readonly listeners = new Set<() => void>();
  private peer?: RTCPeerConnection;
  private channel?: RTCDataChannel;
  private timers: ReturnType<typeof setTimeout>[] = [];
  /** The person's own sound, and the agent's, for the meters. */
  microphone?: MediaStream;
  remote?: MediaStream;

  constructor(private readonly ports: PeerPorts) {}

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };
  getSnapshot = (): PeerView => this.view;

  /** Opens the call. Returns when it was answered, or was not; the state says which. */
  async start(withMicrophone: boolean): Promise<void> {
    if (this.view.state.name !== 'idle') return;
    if (withMicrophone) {
      this.set({ state: { name: 'connecting', step: 'mic' } });
      try {
        const stream = await this.ports.askForMicrophone();
        if (this.over()) {
          for (const track of stream.getTracks()) track.stop();
          return;
        }
        this.microphone = stream;
        this.set({ mic: 'on' });
      } catch (cause) {
        this.fail({
          name: 'failed',
          code: 'mic',
          fault: cause instanceof MicrophoneError ? cause.fault : 'unavailable',
        });
        return;
      }
    }
    this.set({ state: { name: 'connecting', step: 'server' } });
    try {
      await this.offer();
    } catch (error) {
      this.fail({ name: 'failed', code: 'create', error });
    }
  }

  private async offer(): Promise<void> {
    const iceServers = await this.ports.iceServers().catch(() => []); // most networks need none
    if (this.over()) return;
    const peer = this.ports.newPeer({ iceServers });
    this.peer = peer;
    peer.ontrack = (e) => this.listen(e.streams[0] ?? new MediaStream([e.track]));
    peer.onconnectionstatechange = () => this.follow(peer.connectionState);
    const track = this.microphone?.getAudioTracks()[0];
    if (track && this.microphone) peer.addTrack(track, this.microphone);
    else peer.addTransceiver('audio', { direction: 'recvonly' });
    const channel = peer.createDataChannel('oai-events');
    this.channel = channel;
    channel.onmessage = (e: MessageEvent<string>) => this.receive(e.data);
    channel.onclose = () => this.finish('server');
    await peer.setLocalDescription(await peer.createOffer());
    const answer = await this.ports.create(peer.localDescription?.sdp ?? '');
    if (this.over()) {
      void this.ports.end(answer.call_id).catch(() => undefined);
      return;
    }
    this.set({ id: answer.call_id, state: { name: 'connecting', step: 'network' } });
    await peer.setRemoteDescription({ type: 'answer', sdp: answer.sdp_answer });
    this.later(() => {
      if (this.view.state.name === 'connecting') this.fail({ name: 'failed', code: 'network' });
    }, connectWithinMs);
  }

  /** Mutes the microphone, or opens it again. */
  setMuted(muted: boolean): void {
    for (const track of this.microphone?.getAudioTracks() ?? []) track.enabled = !muted;
    if (this.microphone) this.set({ mic: muted ? 'muted' : 'on' });
  }

  /** Says something in writing, and asks for an answer. */
  write(text: string): boolean {
    if (this.channel?.readyState !== 'open' || text.trim() === '') return false;
    const item = { type: 'message', role: 'user', content: [{ type: 'input_text', text: text.trim() }] };
    this.channel.send(JSON.stringify({ type: 'conversation.item.create', item }));
    this.channel.send(JSON.stringify({ type: 'response.create' }));
    return true;
  }

  /** Asks the browser again to let sound through; of use only within a click. */
  async unblockSound(): Promise<void> {
    if (this.remote) await this.listen(this.remote);
  }

  /** Hangs up. */
  hangUp(): void {
    const { id } = this.view;
    if (this.over()) return;
    this.finish('person');
    if (id) void this.ports.end(id).catch(() => undefined); // the server notices by itself, a little later
  }

  private async listen(stream: MediaStream): Promise<void> {
    this.remote = stream;
    try {
      await this.ports.play(stream);
      this.set({ soundBlocked: false });
    } catch {
      this.set({ soundBlocked: !this.over() });
    }
  }

  private follow(state: RTCPeerConnectionState): void {
    if (this.over()) return;
    switch (state) {
      case 'connected':
        if (this.view.openedAt === undefined) {
          this.set({ openedAt: performance.now() });
          void this.measure();
        }
        this.set({ state: { name: 'connected' } });
        break;
      case 'disconnected':
        this.set({ state: { name: 'unstable' } });
        break;
      case 'failed':
        this.fail({ name: 'failed', code: 'network' });
        break;
      case 'closed':
        this.finish('server');
        break;
    }
  }

  private receive(data: string): void {
    try {
      const talk = hear(this.view.talk, JSON.parse(data) as WireEvent); // throws for null, too
      if (talk !== this.view.talk) this.set({ talk });
    } catch {
      // What is no event says nothing.
    }
  }

  /** Counts, again and again until the call is over. */
  private async measure(): Promise<void> {
    const { peer } = this;
    if (!peer || this.over()) return;
    const line = lineOf(await peer.getStats());
    if (this.over()) return;
    this.set({ line });
    this.later(() => void this.measure(), lineEveryMs);
  }

  private over(): boolean {
    return this.view.state.name === 'ended' || this.view.state.name === 'failed';
  }

  private finish(by: 'person' | 'server'): void {
    if (this.over()) return;
    this.set({ state: { name: 'ended', by }, endedAt: performance.now() });
    this.release();
  }

  private fail(state: Extract<PeerState, { name: 'failed' }>): void {
    if (this.over()) return;
    const { id } = this.view;
    this.set({ state, endedAt: performance.now() });
    this.release();
    if (id) void this.ports.end(id).catch(() => undefined);
  }

  private release(): void {
    for (const timer of this.timers) clearTimeout(timer);
    this.timers = [];
    for (const track of this.microphone?.getTracks() ?? []) track.stop();
    this.microphone = undefined;
    this.remote = undefined;
    this.ports.silence();
    this.peer?.close();
  }

  private later(run: () => void, ms: number): void {
    this.timers.push(setTimeout(run, ms));
  }

  private set(change: Partial<PeerView>): void {
    this.view = { ...this.view, ...change };
    for (const listener of this.listeners) listener();
  }
}

/** The figures of the sound that comes in, out of all that the browser counts. */
export function lineOf(stats: RTCStatsReport): PeerLine {
  const line: PeerLine = { codec: '', received: 0, lost: 0 };
  const all = stats as unknown as ReadonlyMap<string, Record<string, unknown>>;
  const ms = (value: unknown) => (typeof value === 'number' ? value * 1000 : undefined);
  for (const s of all.values()) {
    if (s.type === 'inbound-rtp' && s.kind === 'audio') {
      line.codec = String(all.get(String(s.codecId))?.mimeType ?? '').replace('audio/', '');
      line.jitterMs = ms(s.jitter);
      line.received = Number(s.packetsReceived ?? 0);
      line.lost = Math.max(0, Number(s.packetsLost ?? 0));
    } else if (s.type === 'candidate-pair' && s.nominated === true) {
      line.roundTripMs = ms(s.currentRoundTripTime);
    }
  }
  return line;
}
