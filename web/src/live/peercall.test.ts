import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { lineOf, PeerCall, type PeerPorts } from '~/live/peercall';
import { hear, noTalk, type WireEvent } from '~/live/peertalk';
import { MicrophoneError } from '~/live/ports';

class FakeChannel {
  readyState = 'open';
  sent: string[] = [];
  onmessage?: (e: { data: string }) => void;
  onclose?: () => void;
  send = (text: string) => this.sent.push(text);
}

class FakePeer {
  connectionState = 'new';
  channel = new FakeChannel();
  localDescription?: { sdp: string };
  remote?: RTCSessionDescriptionInit;
  directions: string[] = [];
  closed = false;
  ontrack?: (e: unknown) => void;
  onconnectionstatechange?: () => void;
  addTrack = () => this.directions.push('sendrecv');
  addTransceiver = (_: string, o: { direction: string }) => this.directions.push(o.direction);
  createDataChannel = () => this.channel;
  createOffer = async () => ({ sdp: 'the offer' });
  setLocalDescription = async (d: { sdp: string }) => {
    this.localDescription = d;
  };
  setRemoteDescription = async (d: RTCSessionDescriptionInit) => {
    this.remote = d;
  };
  getStats = async () => new Map();
  close = () => {
    this.closed = true;
  };
  become(state: string) {
    this.connectionState = state;
    this.onconnectionstatechange?.();
  }
}

class FakeTrack {
  enabled = true;
  stopped = false;
  stop = () => {
    this.stopped = true;
  };
}

function setUp(over: Partial<PeerPorts> = {}) {
  const peer = new FakePeer();
  const track = new FakeTrack();
  const ended: string[] = [];
  const stream = { getTracks: () => [track], getAudioTracks: () => [track] } as unknown as MediaStream;
  const call = new PeerCall({
    askForMicrophone: async () => stream,
    newPeer: () => peer as unknown as RTCPeerConnection,
    iceServers: async () => [],
    create: async () => ({ call_id: 'rtc_1', sdp_answer: 'the answer' }),
    end: async (id) => ended.push(id),
    play: async () => undefined,
    silence: () => undefined,
    ...over,
  });
  const state = () => call.getSnapshot().state;
  return { call, peer, track, ended, stream, state };
}

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

describe('a call over WebRTC', () => {
  it('goes from the microphone over offer and answer to the connection, and is hung up', async () => {
    const { call, peer, track, ended, state } = setUp();
    await call.start(true);
    expect(state()).toEqual({ name: 'connecting', step: 'network' });
    expect(peer.remote).toEqual({ type: 'answer', sdp: 'the answer' });
    expect(peer.directions).toEqual(['sendrecv']);
    peer.become('connected');
    expect(state()).toEqual({ name: 'connected' });
    call.setMuted(true);
    expect([track.enabled, call.getSnapshot().mic]).toEqual([false, 'muted']);
    peer.become('disconnected');
    expect(state().name).toBe('unstable');
    peer.become('connected');
    call.hangUp();
    expect(state()).toEqual({ name: 'ended', by: 'person' });
    expect([ended, track.stopped, peer.closed]).toEqual([['rtc_1'], true, true]);
    peer.channel.onclose?.();
    expect(state()).toEqual({ name: 'ended', by: 'person' });
  });

  it('only listens without a microphone, and says things in writing', async () => {
    const { call, peer } = setUp();
    await call.start(false);
    expect(peer.directions).toEqual(['recvonly']);
    expect(call.write('  hello ')).toBe(true);
    expect(call.write(' ')).toBe(false);
    expect(peer.channel.sent.map((s) => JSON.parse(s).type)).toEqual(['conversation.item.create', 'response.create']);
    expect(JSON.parse(peer.channel.sent[0] ?? '').item.content[0].text).toBe('hello');
  });

  it('names the reason when there is no microphone', async () => {
    const refused = () => Promise.reject(new MicrophoneError('denied'));
    const { call, state } = setUp({ askForMicrophone: refused });
    await call.start(true);
    expect(state()).toEqual({ name: 'failed', code: 'mic', fault: 'denied' });
  });

  it('keeps what the server said against it, and lets the microphone go', async () => {
    const error = new Error('too hot');
    const { call, state, track } = setUp({ create: () => Promise.reject(error) });
    await call.start(true);
    expect(state()).toEqual({ name: 'failed', code: 'create', error });
    expect(track.stopped).toBe(true);
  });

  it('gives up when no network path is found, and ends the call on the server', async () => {
    const { call, state, ended } = setUp();
    await call.start(true);
    await vi.advanceTimersByTimeAsync(20_000);
    expect(state()).toEqual({ name: 'failed', code: 'network' });
    expect(ended).toEqual(['rtc_1']);
  });

  it('ends the call that was answered after the person had gone', async () => {
    let answer: (a: { call_id: string; sdp_answer: string }) => void = () => undefined;
    const { call, ended } = setUp({ create: () => new Promise((resolve) => (answer = resolve)) });
    const started = call.start(false);
    await vi.advanceTimersByTimeAsync(1);
    call.hangUp();
    answer({ call_id: 'rtc_2', sdp_answer: '' });
    await started;
    expect(ended).toEqual(['rtc_2']);
  });

  it('notices that the server ended it', async () => {
    const { call, peer, state, ended } = setUp();
    await call.start(true);
    peer.become('connected');
    peer.channel.onclose?.();
    expect(state()).toEqual({ name: 'ended', by: 'server' });
    expect(ended).toEqual([]);
  });

  it('says when the browser keeps the sound back', async () => {
    const play = vi.fn().mockRejectedValueOnce(new Error('no click')).mockResolvedValueOnce(undefined);
    const { call, peer, stream } = setUp({ play });
    await call.start(true);
    peer.ontrack?.({ streams: [stream] });
    await vi.advanceTimersByTimeAsync(0);
    expect(call.getSnapshot().soundBlocked).toBe(true);
    await call.unblockSound();
    expect(call.getSnapshot().soundBlocked).toBe(false);
  });

  it('is not disturbed by what is no event', async () => {
    const { call, peer } = setUp();
    await call.start(true);
    peer.channel.onmessage?.({ data: 'nonsense' });
    peer.channel.onmessage?.({ data: 'null' });
    expect(call.getSnapshot().talk).toBe(noTalk);
  });
});

describe('what is said', () => {
  const said = (...events: WireEvent[]) => events.reduce(hear, noTalk);
  it('grows word by word and keeps its order', () => {
    const talk = said(
      { type: 'response.created' },
      { type: 'response.output_audio_transcript.delta', item_id: 'a', delta: 'Hel' },
      { type: 'response.output_audio_transcript.delta', item_id: 'a', delta: 'lo.' },
      { type: 'output_audio_buffer.started' },
      { type: 'input_audio_buffer.committed', item_id: 'b' },
      { type: 'response.output_text.delta', item_id: 'c', delta: 'Nine.' },
      { type: 'conversation.item.input_audio_transcription.completed', item_id: 'b', transcript: 'When?' },
    );
    expect(talk.lines.map((l) => [l.by, l.text, l.open])).toEqual([
      ['agent', 'Hello.', true],
      ['caller', 'When?', false],
      ['agent', 'Nine.', true],
    ]);
    expect([talk.agent, talk.thinking]).toEqual([true, false]);
  });
  it('marks what was interrupted, and shows what was written and what went wrong', () => {
    const talk = said(
      { type: 'response.output_audio_transcript.delta', item_id: 'a', delta: 'We are' },
      { type: 'conversation.item.truncated', item_id: 'a' },
      {
        type: 'conversation.item.added',
        item: { id: 'w', role: 'user', content: [{ type: 'input_text', text: 'Thanks' }] },
      },
      { type: 'error', error: { message: 'No.' } },
    );
    expect(talk.lines).toEqual([
      { id: 'a', by: 'agent', text: 'We are', open: false, cut: true },
      { id: 'w', by: 'caller', text: 'Thanks', open: false },
    ]);
    expect(talk.error).toBe('No.');
  });
});

it('reads the figures of the line', () => {
  const stats = new Map<string, object>([
    ['c', { type: 'codec', mimeType: 'audio/opus' }],
    ['p', { type: 'candidate-pair', nominated: true, currentRoundTripTime: 0.012 }],
    ['i', { type: 'inbound-rtp', kind: 'audio', codecId: 'c', jitter: 0.003, packetsReceived: 98, packetsLost: 2 }],
  ]);
  expect(lineOf(stats as never)).toEqual({ codec: 'opus', roundTripMs: 12, jitterMs: 3, received: 98, lost: 2 });
});
