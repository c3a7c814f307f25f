import { describe, expect, it, vi } from 'vitest';
import type { AgentLine, CallerLine } from '~/live/call';
import { LiveClient } from '~/live/client';
import { MicrophoneError, type MicrophoneHandlers, type Socket, type SpeakerHandlers } from '~/live/ports';

const agent = { reference: 'r', name: 'R', language: 'en', voice: 'v', model: 'm', recogniser: 's', listens: true };

/** A call whose socket, microphone and loudspeaker are in the hands of the test, as is the clock. */
function stage(
  options: { microphone?: boolean; micFault?: 'denied' | 'missing' | 'busy'; speakerFails?: boolean } = {},
) {
  let clock = 1000;
  const sent: Record<string, unknown>[] = [];
  const done: string[] = [];
  let url = '';
  const socket: Socket = {
    onopen: null,
    onmessage: null,
    onclose: null,
    bufferedAmount: 0,
    send: (text) => void sent.push(JSON.parse(text)),
    close: (code) => void done.push(`socket ${code}`),
  };
  let mic: MicrophoneHandlers | undefined;
  let speaker: SpeakerHandlers | undefined;
  const played: string[] = [];
  const client = new LiveClient({
    agent: 'reception-en',
    microphone: options.microphone ?? true,
    origin: 'https://host',
    now: () => clock,
    openSocket: (u) => {
      url = u;
      return socket;
    },
    openMicrophone: async (handlers) => {
      if (options.micFault) throw new MicrophoneError(options.micFault);
      mic = handlers;
      return {
        label: 'Desk',
        setMuted: (m) => void done.push(`mic ${m ? 'muted' : 'on'}`),
        close: () => void done.push('mic closed'),
      };
    },
    openSpeaker: async (handlers) => {
      if (options.speakerFails) throw new Error('no device');
      speaker = handlers;
      return {
        latencyMs: 20,
        blocked: false,
        push: (key, samples) => void played.push(`push ${key} ${samples.length}`),
        end: (key) => void played.push(`end ${key}`),
        stop: () => void played.push('stop'),
        hold: (on) => void played.push(on ? 'hold' : 'go on'),
        duck: (on) => void played.push(on ? 'duck' : 'loud'),
        setVolume: () => undefined,
        resume: async () => undefined,
        close: () => void done.push('speaker closed'),
      };
    },
  });
  const stageApi = {
    client,
    sent,
    done,
    played,
    socket,
    url: () => url,
    mic: () => mic as MicrophoneHandlers,
    speaker: () => speaker as SpeakerHandlers,
    pass: (ms: number) => {
      clock += ms;
    },
    say: (...events: Record<string, unknown>[]) => {
      for (const e of events) socket.onmessage?.({ data: JSON.stringify(e) });
    },
    state: () => client.getSnapshot().state,
    call: () => client.getSnapshot(),
    of: (type: string) => sent.filter((e) => e.type === type),
    connect: async () => {
      await client.start();
      socket.onopen?.();
      stageApi.say(
        { type: 'session.created', session: { type: 'realtime' } },
        { type: 'griot.conversation.created', conversation_id: 'c-1', agent, limits: { max_duration_ms: 900_000 } },
      );
    },
    speak: (text: string, response = 'r1', item = 'a1') => {
      stageApi.say(
        { type: 'response.created', response: { id: response } },
        { type: 'response.output_audio_transcript.delta', response_id: response, item_id: item, delta: text },
        { type: 'griot.floor', floor: 'agent' },
        { type: 'response.output_audio.delta', response_id: response, item_id: item, delta: 'AAAAAA==' },
      );
    },
  };
  return stageApi;
}

describe('connecting', () => {
  it('goes through microphone, network and agent, and then listens', async () => {
    const s = stage();
    expect(s.state()).toEqual({ name: 'idle' });
    const started = s.client.start();
    expect(s.state()).toEqual({ name: 'connecting', step: 'mic' });
    await started;
    expect(s.state()).toEqual({ name: 'connecting', step: 'network' });
    expect(s.url()).toBe('wss://host/v1/realtime?model=agent%3Areception-en&extensions=griot');
    s.pass(40);
    s.socket.onopen?.();
    expect(s.state()).toEqual({ name: 'connecting', step: 'agent' });
    s.say({ type: 'session.created', session: {} });
    expect(s.state()).toEqual({ name: 'listening', caller: false });
    expect(s.call().steps.map((x) => x.state)).toEqual(['done', 'done', 'done']);
    expect(s.call().steps[1]).toMatchObject({ from: 1000, to: 1040 });
    expect(s.call().mic).toEqual({ state: 'on', label: 'Desk' });
  });

  it.each(['denied', 'missing', 'busy'] as const)('goes on without a microphone that is %s', async (micFault) => {
    const s = stage({ micFault });
    await s.connect();
    expect(s.call().mic.state).toBe(micFault);
    expect(s.call().steps[0]?.state).toBe('failed');
    expect(s.state().name).toBe('listening');
    s.client.sendText('hello');
    expect(s.of('response.create')).toHaveLength(1);
  });

  it('does not ask for a microphone that is not wanted', async () => {
    const s = stage({ microphone: false });
    await s.connect();
    expect(s.call().mic.state).toBe('off');
    expect(s.call().steps[0]?.state).toBe('skipped');
  });

  it('says so when the server refuses, when it is silent, and when there is no sound', async () => {
    const refused = stage();
    await refused.client.start();
    refused.socket.onclose?.({ code: 1006, reason: '' });
    expect(refused.state()).toMatchObject({ name: 'failed', code: 'refused' });

    vi.useFakeTimers();
    const silent = stage();
    await silent.client.start();
    silent.socket.onopen?.();
    vi.advanceTimersByTime(12_000);
    expect(silent.state()).toMatchObject({ name: 'failed', code: 'timeout' });
    expect(silent.call().steps[2]?.state).toBe('failed');
    vi.useRealTimers();

    const mute = stage({ speakerFails: true });
    await mute.client.start();
    expect(mute.state()).toMatchObject({ name: 'failed', code: 'sound', detail: 'no device' });
  });
});

describe('the caller', () => {
  it('is sent as PCM from the start of the session, and not before', async () => {
    const s = stage();
    await s.client.start();
    s.mic().onFrame(new Int16Array(480), 0.1, 0.2);
    expect(s.of('input_audio_buffer.append')).toHaveLength(0);
    s.socket.onopen?.();
    s.say({ type: 'session.created', session: {} });
    s.mic().onFrame(new Int16Array(480), 0.1, 0.2);
    expect(s.of('input_audio_buffer.append')).toEqual([
      { type: 'input_audio_buffer.append', audio: btoa('\0'.repeat(960)) },
    ]);
    expect(s.client.frames).toEqual({ sent: 1, dropped: 0 });
  });

  it('loses frames rather than the present when the network is too slow', async () => {
    const s = stage();
    await s.connect();
    Object.assign(s.socket, { bufferedAmount: 300_000 });
    s.mic().onFrame(new Int16Array(480), 0.1, 0.2);
    expect(s.client.frames).toEqual({ sent: 0, dropped: 1 });
  });

  it('takes a place in the transcript by when the words were spoken, not by when they were recognised', async () => {
    const s = stage();
    await s.connect();
    s.pass(1000);
    s.mic().onFrame(new Int16Array(480), 0.1, 0.2);
    s.pass(3000);
    s.say({ type: 'input_audio_buffer.speech_started', item_id: 'u1', audio_start_ms: 2500 });
    expect(s.state()).toEqual({ name: 'listening', caller: true });
    s.say({ type: 'griot.transcription.partial', item_id: 'u1', text: 'when are' });
    s.say({ type: 'input_audio_buffer.speech_stopped', item_id: 'u1', audio_end_ms: 3400 });
    expect(s.state()).toEqual({ name: 'thinking' });
    s.speak('At nine.');
    s.say({
      type: 'conversation.item.input_audio_transcription.completed',
      item_id: 'u1',
      transcript: 'When are you open?',
    });
    const [first, second] = s.call().lines;
    expect(first).toMatchObject({
      id: 'u1',
      at: 3500,
      text: 'When are you open?',
      state: 'final',
    } satisfies Partial<CallerLine>);
    expect(second?.id).toBe('a1');
  });

  it('can be muted, which keeps the clock of the audio going', async () => {
    const s = stage();
    await s.connect();
    s.client.setMuted(true);
    expect(s.call().mic.state).toBe('muted');
    expect(s.done).toContain('mic muted');
    s.mic().onFrame(new Int16Array(480), 0, 0);
    expect(s.client.frames.sent).toBe(1);
    s.client.setMuted(false);
    expect(s.call().mic.state).toBe('on');
  });

  it('is told of a microphone that gives nothing, and of one that was pulled out', async () => {
    const s = stage();
    await s.connect();
    s.pass(5000);
    s.mic().onFrame(new Int16Array(480), 0, 0);
    expect(s.call().mic.trouble).toBe('silent');
    s.mic().onFrame(new Int16Array(480), 0.1, 0.2);
    expect(s.call().mic.trouble).toBeUndefined();
    s.mic().onLost();
    expect(s.call().mic.state).toBe('lost');
    expect(s.state().name).toBe('listening');
  });

  it('writes, cutting the agent short; and presses keys', async () => {
    const s = stage();
    await s.connect();
    s.speak('A long story');
    s.client.sendText('stop');
    expect(s.sent.map((e) => e.type)).toEqual(['response.cancel', 'conversation.item.create', 'response.create']);
    expect(s.played).toContain('stop');
    const item = s.of('conversation.item.create')[0]?.item as { id: string };
    expect(item).toMatchObject({ type: 'message', role: 'user', content: [{ type: 'input_text', text: 'stop' }] });
    expect(item.id.length).toBeLessThanOrEqual(32);
    s.say({ type: 'conversation.item.added', item: { ...item } });
    expect(s.call().lines.filter((l) => l.kind === 'caller')).toMatchObject([
      { id: item.id, by: 'typed', text: 'stop' },
    ]);
    s.client.sendDigits('12#');
    expect(s.of('griot.digits')).toEqual([{ type: 'griot.digits', digits: '12#' }]);
  });
});

describe('the agent', () => {
  it('is heard word by word, and reported ten times a second and at the end', async () => {
    const s = stage();
    await s.connect();
    s.speak('Good day to you');
    expect(s.played).toEqual(['push r1 a1 2']);
    s.speaker().onPosition('r1 a1', 0, false, false);
    expect(s.of('griot.playback')).toHaveLength(0);
    for (let ms = 20; ms <= 200; ms += 20) {
      s.pass(20);
      s.speaker().onPosition('r1 a1', ms, false, false);
    }
    expect(s.of('griot.playback').map((e) => e.audio_end_ms)).toEqual([20, 120]);
    expect(s.state()).toEqual({ name: 'speaking' });
    s.say({ type: 'griot.heard', response_id: 'r1', item_id: 'a1', upto_ms: 200, text_bytes: 4 });
    expect(s.call().lines[0]).toMatchObject({
      kind: 'agent',
      heardBytes: 4,
      started: true,
    } satisfies Partial<AgentLine>);
    s.say({ type: 'response.output_audio.done', response_id: 'r1', item_id: 'a1' });
    s.say({ type: 'response.done', response: { id: 'r1', status: 'completed' } });
    expect(s.played.at(-1)).toBe('end r1 a1');
    s.speaker().onPosition('r1 a1', 733.4, true, false);
    expect(s.of('griot.playback').at(-1)).toEqual({
      type: 'griot.playback',
      response_id: 'r1',
      item_id: 'a1',
      audio_end_ms: 733,
      final: true,
    });
    s.say(
      {
        type: 'griot.said',
        response_id: 'r1',
        item_id: 'a1',
        said: 'Good day to you',
        heard: 'Good day to you',
        upto_ms: 733,
        total_ms: 733,
        cut: false,
      },
      { type: 'griot.floor', floor: 'none' },
    );
    expect(s.state()).toEqual({ name: 'listening', caller: false });
  });

  it('falls silent the moment the caller speaks, and the unheard words are known', async () => {
    const s = stage();
    await s.connect();
    s.speak('We open at nine and close at five.');
    s.speaker().onPosition('r1 a1', 400, false, false);
    s.say({ type: 'input_audio_buffer.speech_started', item_id: 'u1', audio_start_ms: 0 });
    expect(s.played.at(-1)).toBe('hold');
    s.say({ type: 'response.done', response: { id: 'r1', status: 'cancelled' } });
    expect(s.played.slice(-2)).toEqual(['stop', 'go on']);
    expect(s.state()).toEqual({ name: 'held', response: 'r1', over: true });
    s.speaker().onPosition('r1 a1', 480, true, true);
    expect(s.of('griot.playback').at(-1)).toMatchObject({ audio_end_ms: 480, final: true });
    // What is still on its way is not played, and the server's own words for the floor do not undo the pause.
    s.say(
      { type: 'griot.floor', floor: 'caller' },
      { type: 'response.output_audio.delta', response_id: 'r1', item_id: 'a1', delta: 'AAAA' },
    );
    expect(s.played.filter((p) => p.startsWith('push'))).toHaveLength(1);
    expect(s.state().name).toBe('held');
    s.say({
      type: 'griot.said',
      response_id: 'r1',
      item_id: 'a1',
      said: 'We open at nine and close at five.',
      heard: 'We open',
      upto_ms: 480,
      total_ms: 2100,
      cut: true,
    });
    expect(s.state()).toEqual({ name: 'listening', caller: true });
    const line = s.call().lines.find((l) => l.kind === 'agent');
    expect(line).toMatchObject({ outcome: { heard: 'We open', cut: true, uptoMs: 480 } });
    expect(s.played.filter((p) => p === 'stop')).toHaveLength(1);
  });

  it('pauses while the server doubts, and goes on or is over as it decides', async () => {
    const s = stage();
    await s.connect();
    s.speak('We open at nine.');
    s.speaker().onPosition('r1 a1', 400, false, false);
    s.say({ type: 'griot.duck', on: true }, { type: 'griot.hold', on: true });
    expect(s.state()).toEqual({ name: 'held', response: 'r1', over: false });
    s.say({ type: 'griot.duck', on: false }, { type: 'griot.hold', on: false });
    expect(s.state()).toEqual({ name: 'speaking' });
    expect(s.played.slice(1)).toEqual(['duck', 'hold', 'loud', 'go on']);
    s.say(
      { type: 'griot.hold', on: true },
      { type: 'input_audio_buffer.speech_started', item_id: 'u1', audio_start_ms: 0 },
    );
    expect(s.played.slice(-3)).toEqual(['loud', 'stop', 'go on']);
    s.say({ type: 'griot.hold', on: false });
    expect(s.state()).toEqual({ name: 'held', response: 'r1', over: true });
  });

  it('goes on with an announcement that may not be cut', async () => {
    const s = stage();
    await s.connect();
    s.speak('This call is recorded.');
    s.speaker().onPosition('r1 a1', 100, false, false);
    s.say({ type: 'input_audio_buffer.speech_started', item_id: 'u1', audio_start_ms: 0 });
    const delta = { type: 'response.output_audio.delta', response_id: 'r1', item_id: 'a1', delta: 'AAAA' };
    s.pass(50);
    s.say(delta);
    expect(s.played).not.toContain('go on');
    s.pass(200);
    s.say(delta);
    expect(s.played.slice(-2)).toEqual(['go on', 'push r1 a1 1']);
    expect(s.played).not.toContain('stop');
  });

  it('is over at once when the server had already sent all of it', async () => {
    const s = stage();
    await s.connect();
    s.speak('Good day.');
    s.say({ type: 'response.done', response: { id: 'r1', status: 'completed' } });
    s.say({ type: 'input_audio_buffer.speech_started', item_id: 'u1', audio_start_ms: 0 });
    expect(s.played.at(-1)).toBe('stop');
    expect(s.state().name).toBe('held');
  });

  it('is not kept back by a pause that began while nothing sounded', async () => {
    const s = stage();
    await s.connect();
    s.say({ type: 'griot.floor', floor: 'model' }, { type: 'griot.hold', on: true });
    s.say({ type: 'input_audio_buffer.speech_started', item_id: 'u1', audio_start_ms: 0 });
    expect(s.played.at(-1)).toBe('go on');
  });

  it('is not silenced by speech where the session does not allow interruptions', async () => {
    const s = stage();
    await s.client.start();
    s.socket.onopen?.();
    s.say({
      type: 'session.created',
      session: { audio: { input: { turn_detection: { interrupt_response: false } } } },
    });
    s.speak('Listen to me');
    s.say({ type: 'input_audio_buffer.speech_started', item_id: 'u1', audio_start_ms: 0 });
    expect(s.played).not.toContain('stop');
  });

  it('is silenced when its response is cancelled by the server', async () => {
    const s = stage();
    await s.connect();
    s.speak('Never mind');
    s.say({ type: 'response.done', response: { id: 'r1', status: 'cancelled' } });
    expect(s.played).toContain('stop');
    expect(s.call().lines[0]).toMatchObject({ outcome: { said: 'Never mind', heard: '', cut: true } });
  });

  it('uses tools and is timed', async () => {
    const s = stage();
    await s.connect();
    const tool = { type: 'griot.tool', call_id: 'c1', name: 'hours', arguments: '{}' };
    s.say({ ...tool, status: 'called' }, { ...tool, status: 'returned', output: '9', took_ms: 214 });
    expect(s.call().lines).toMatchObject([{ kind: 'tool', status: 'returned', output: '9', tookMs: 214 }]);
    s.speak('At nine.');
    s.say({ type: 'griot.turn', response_id: 'r1', turn: 1, item_id: 'u1', heard_ms: 612, sent_ms: 600 });
    expect(s.call().turns).toHaveLength(1);
    expect(s.call().lines.at(-1)).toMatchObject({ latencyMs: 612 });
  });
});

describe('the end', () => {
  it('closes everything that was opened, once', async () => {
    const s = stage();
    await s.connect();
    s.speak('Half a sentence that nobody');
    s.speaker().onPosition('r1 a1', 300, false, false);
    s.say({ type: 'griot.heard', response_id: 'r1', item_id: 'a1', upto_ms: 300, text_bytes: 4 });
    s.client.end();
    s.client.end('again');
    expect(s.state()).toEqual({ name: 'ended', reason: 'client_closed' });
    expect(s.done.toSorted()).toEqual(['mic closed', 'socket 1000', 'speaker closed']);
    expect(s.call().lines[0]).toMatchObject({ outcome: { heard: 'Half', cut: true, uptoMs: 300 } });
    const before = s.sent.length;
    s.client.sendText('too late');
    s.mic().onFrame(new Int16Array(480), 0.1, 0.2);
    expect(s.sent).toHaveLength(before);
  });

  it.each([
    [[{ type: 'griot.ended', reason: 'idle' }], 1000, { name: 'ended', reason: 'idle' }],
    [[], 1000, { name: 'ended', reason: 'server_closed' }],
    [[], 1006, { name: 'failed', code: 'lost' }],
    [[], 1011, { name: 'failed', code: 'server' }],
  ])('is told apart: %j, close %i', async (events, code, want) => {
    const s = stage();
    await s.connect();
    s.say(...events);
    s.socket.onclose?.({ code, reason: '' });
    expect(s.state()).toMatchObject(want);
    expect(s.done).toContain('mic closed');
  });

  it('while the browser still asks for the microphone leaves nothing open', async () => {
    const s = stage();
    const started = s.client.start();
    s.client.end();
    await started;
    expect(s.state().name).toBe('ended');
    expect(s.url()).toBe('');
    expect(s.done).toContain('speaker closed');
  });
});

describe('what the server should not say', () => {
  it('is noted and survived', async () => {
    const s = stage();
    await s.connect();
    for (const data of ['{', '[]', 'null', '{"type":5}', '{"type":"griot.heard"}', new ArrayBuffer(2)]) {
      s.socket.onmessage?.({ data });
    }
    s.say(
      { type: 'something.new', x: 1 },
      { type: 'response.output_audio.delta', response_id: 'r', item_id: 'i', delta: '*' },
    );
    expect(s.state().name).toBe('listening');
    expect(s.call().lines).toEqual([]);
  });

  it('shows errors, except those of everyday races', async () => {
    const s = stage();
    await s.connect();
    s.say(
      { type: 'error', error: { type: 'invalid_request_error', code: 'response_cancel_not_active', message: 'x' } },
      { type: 'error', error: { code: 'no_model', message: 'No model.' } },
    );
    expect(s.call().notices).toMatchObject([{ code: 'no_model', severity: 'error', count: 1 }]);
  });
});
