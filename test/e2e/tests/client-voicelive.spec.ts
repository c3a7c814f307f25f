import { type ServerEventUnion, VoiceLiveClient, type VoiceLiveSession } from '@azure/ai-voicelive';
import { story } from '../lib/chat.ts';
import { expect, key, Log, test } from '../lib/clients.ts';
import { audible, OpenMicrophone, recorded } from '../lib/voice.ts';

// The library @azure/ai-voicelive, unchanged: it speaks the dialect of Azure Voice Live, at its address.

// A conversation in real time: a machine that is busy with something else gets a second chance.
test.describe.configure({ retries: 1 });

/** The events with a type of their own: the union has a member for all others too, whose type is any text. */
type Own<T extends { type: string }> = T extends unknown ? (string extends T['type'] ? never : T) : never;
type Event = Own<ServerEventUnion>;

class Conversation {
  readonly log = new Log<Event>();
  readonly errors: string[] = [];
  private constructor(readonly session: VoiceLiveSession) {}

  static async open(url: string, model: string, apiKey = key): Promise<Conversation> {
    const c = new Conversation(new VoiceLiveClient(url, { key: apiKey }).createSession(model));
    c.session.subscribe({
      onServerEvent: async (event) => c.log.add(event as Event),
      onServerError: async ({ error }) => void c.errors.push(error.message),
      onError: async ({ error }) => void c.errors.push(error.message),
    });
    await c.session.connect();
    return c;
  }

  async write(text: string): Promise<void> {
    await this.session.addConversationItem({ type: 'message', role: 'user', content: [{ type: 'input_text', text }] });
    await this.session.sendEvent({ type: 'response.create' });
  }

  /** The sound of a response so far. */
  sound(response: string): Buffer {
    const parts = this.log.all.map((e) => (e.type === 'response.audio.delta' && e.responseId === response ? e.delta : new Uint8Array()));
    return Buffer.concat(parts);
  }
}

test('it writes, calls a function and gives its result', async ({ server }) => {
  const c = await Conversation.open(server.url, 'gpt-4.1-mini');
  await c.session.updateSession({
    modalities: ['text'],
    instructions: 'Be brief.',
    temperature: 0.7,
    tools: [{ type: 'function', name: 'weather', description: 'Weather of a city.', parameters: { type: 'object', properties: { city: { type: 'string' } } } }],
  });
  const { session } = await c.log.next('session.updated');
  expect(session).toMatchObject({ model: 'gpt-4.1-mini', modalities: ['text'], instructions: 'Be brief.' });

  await c.write('When do you open?');
  expect((await c.log.next('response.text.done')).text).toBe('We are open from nine to six.');
  const first = await c.log.next('response.done');
  expect(first.response).toMatchObject({ status: 'completed', usage: { inputTokens: 20, outputTokens: 5 } });

  await c.write('What is the weather in Dakar?');
  const call = await c.log.next('response.function_call_arguments.done');
  expect(JSON.parse(call.arguments)).toEqual({ city: 'Dakar' });
  const done = await c.log.next('response.done');
  expect(done.response.output?.[0]).toMatchObject({ type: 'function_call', name: 'weather', callId: call.callId });
  await c.session.addConversationItem({ type: 'function_call_output', callId: call.callId, output: 'sunny' });
  await c.session.sendEvent({ type: 'response.create' });
  expect((await c.log.next('response.text.done')).text).toBe('The report says: sunny.');
  await c.log.next('response.done');
  expect(c.errors).toEqual([]);
  await c.session.dispose();
});

test('it speaks and listens, interrupts and truncates', async ({ server }) => {
  const c = await Conversation.open(server.url, 'gpt-realtime');
  await c.session.updateSession({
    modalities: ['text', 'audio'],
    voice: { type: 'azure-standard', name: 'en-US-AvaNeural' },
    inputAudioFormat: 'pcm16',
    outputAudioFormat: 'pcm16',
    turnDetection: { type: 'azure_semantic_vad', silenceDurationInMs: 500 },
    inputAudioNoiseReduction: { type: 'azure_deep_noise_suppression' },
    inputAudioEchoCancellation: { type: 'server_echo_cancellation' },
    inputAudioTranscription: { model: 'azure-speech' },
  });
  await c.log.next('session.updated');
  const microphone = new OpenMicrophone((pcm) => void c.session.sendAudio(pcm));

  // A spoken question, and a spoken answer.
  microphone.say(recorded('hours'));
  const started = await c.log.next('input_audio_buffer.speech_started');
  expect((await c.log.next('input_audio_buffer.speech_stopped')).itemId).toBe(started.itemId);
  const answer = (await c.log.next('response.created')).response.id ?? '';
  expect((await c.log.next('response.audio_transcript.done')).transcript).toBe('We are open from nine to six.');
  expect((await c.log.next('response.done')).response).toMatchObject({ id: answer, status: 'completed' });
  expect(audible(c.sound(answer), 800), 'the answer is speech').toBe(true);
  const words = c.log.all.find((e) => e.type === 'conversation.item.input_audio_transcription.completed');
  expect(words, 'what was said was written down').toMatchObject({ itemId: started.itemId });

  // A long answer that is talked over.
  await c.write('Tell me a story.');
  const long = (await c.log.next('response.created')).response.id ?? '';
  while (c.sound(long).length < 2 * 24_000 * 1.5) await c.log.next('response.audio.delta');
  microphone.say(recorded('sentence'));
  await c.log.next('input_audio_buffer.speech_started');
  const cut = await c.log.next('response.done');
  expect(cut.response).toMatchObject({ id: long, status: 'cancelled' });
  const item = cut.response.output?.[0]?.id ?? '';
  await c.session.sendEvent({ type: 'conversation.item.truncate', itemId: item, contentIndex: 0, audioEndInMs: 1000 });
  expect(await c.log.next('conversation.item.truncated')).toMatchObject({ itemId: item, audioEndInMs: 1000 });
  await c.session.sendEvent({ type: 'conversation.item.retrieve', itemId: item });
  const retrieved = JSON.stringify((await c.log.next('conversation.item.retrieved')).item);
  expect(retrieved).toContain(story.slice(0, 8));
  expect(retrieved).not.toContain(story.slice(0, 100));
  expect((await c.log.next('response.done')).response.id, 'the answer to what was said').not.toBe(long);
  microphone.close();
  const end = c.log.all.findIndex((e) => e.type === 'response.done' && e.response.id === long);
  const late = c.log.all.slice(end).filter((e) => 'responseId' in e && e.responseId === long);
  expect(late, 'nothing of a response after its end').toEqual([]);
  expect(c.errors).toEqual([]);
  await c.session.dispose();
});

test('it is told what was wrong: a key, an agent, an update', async ({ front, server }) => {
  await expect(Conversation.open(front.url, 'gpt-realtime', 'a-wrong-key')).rejects.toMatchObject({ message: expect.stringMatching(/40[13]/) });
  await expect(Conversation.open(server.url, 'agent:nobody')).rejects.toMatchObject({ message: expect.stringContaining('404') });
  const c = await Conversation.open(front.url, 'gpt-realtime');
  await c.session.updateSession({ modalities: ['text'], turnDetection: { type: 'server_vad', threshold: 7 } });
  const { error } = await c.log.next('error');
  expect(error.param).toContain('threshold');
  // The session goes on.
  await c.session.updateSession({ modalities: ['text'] });
  await c.log.next('session.updated');
  await c.write('When do you open?');
  expect((await c.log.next('response.done')).response.status).toBe('completed');
  await c.session.dispose();
});
