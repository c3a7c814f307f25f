import { RealtimeAgent, RealtimeSession, tool } from '@openai/agents-realtime';
import { story } from '../lib/chat.ts';
import { expect, key, Log, test } from '../lib/clients.ts';
import { audible, OpenMicrophone, recorded } from '../lib/voice.ts';

// The library @openai/agents-realtime, unchanged: its session keeps a history, runs tools, and truncates what it interrupts by itself.

// A conversation in real time: a machine that is busy with something else gets a second chance.
test.describe.configure({ retries: 1 });

interface Event {
  type: string;
  [field: string]: unknown;
}

/** A session of the library with one agent that has a tool. */
class Conversation {
  readonly log = new Log<Event>();
  readonly errors: unknown[] = [];
  readonly asked: string[] = [];
  /** What the library gave to play since the last interruption, and how often it said to stop. */
  played: Buffer[] = [];
  interruptions = 0;
  readonly session: RealtimeSession;

  constructor(settings: ConstructorParameters<typeof RealtimeSession>[1] = {}) {
    const weather = tool({
      name: 'weather',
      description: 'Weather of a city.',
      parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'], additionalProperties: false },
      strict: true,
      execute: async (input) => {
        const { city } = input as { city: string };
        this.asked.push(city);
        return `sunny in ${city}`;
      },
    });
    const agent = new RealtimeAgent({ name: 'Desk', instructions: 'Be brief.', tools: [weather] });
    this.session = new RealtimeSession(agent, { transport: 'websocket', ...settings });
    this.session.on('transport_event', (event) => this.log.add(event as Event));
    this.session.on('error', ({ error }) => this.errors.push(error));
    this.session.on('audio', ({ data }) => this.played.push(Buffer.from(data)));
    this.session.on('audio_interrupted', () => {
      this.interruptions++;
      this.played = [];
    });
  }

  /** The last thing that the history says somebody said. */
  last(role: 'user' | 'assistant'): string {
    const item = this.session.history.findLast((i) => i.type === 'message' && i.role === role);
    if (item?.type !== 'message') return '';
    return item.content.map((p) => ('text' in p ? p.text : 'transcript' in p ? (p.transcript ?? '') : '')).join('');
  }

  responseOf(event: Event): { id: string; status: string } {
    return event.response as { id: string; status: string };
  }
}

test('it writes and runs a tool', async ({ server, chat }) => {
  const c = new Conversation({ config: { outputModalities: ['text'] } });
  await c.session.connect({ apiKey: key, url: `${server.url.replace('http', 'ws')}/v1/realtime` });
  c.session.sendMessage('When do you open?');
  await c.log.next('response.done');
  expect(c.last('assistant')).toBe('We are open from nine to six.');
  expect(chat.asked.at(-1)?.messages[0]).toMatchObject({ role: 'system', content: expect.stringContaining('Be brief.') });

  c.session.sendMessage('What is the weather in Dakar?');
  await c.log.next('response.done'); // the call
  await c.log.next('response.done');
  expect(c.asked).toEqual(['Dakar']);
  expect(c.last('assistant')).toBe('The report says: sunny in Dakar.');
  expect(c.session.history.filter((i) => i.type === 'function_call')).toMatchObject([{ name: 'weather', status: 'completed', output: 'sunny in Dakar' }]);
  expect(c.session.usage.outputTokens).toBe(15);
  expect(c.errors).toEqual([]);
  c.session.close();
});

test('it speaks and listens, and truncates what it interrupts', async ({ server, api }) => {
  const c = new Conversation({ model: 'gpt-realtime' });
  await c.session.connect({ apiKey: key, url: `${server.url.replace('http', 'ws')}/v1/realtime?model=gpt-realtime` });
  const created = c.log.all.find((e) => e.type === 'session.created') ?? (await c.log.next('session.created'));
  const id = (created.session as { id: string }).id.slice('sess_'.length);
  await c.log.next('session.updated');
  const microphone = new OpenMicrophone((pcm) => c.session.sendAudio(pcm.buffer.slice(pcm.byteOffset, pcm.byteOffset + pcm.length) as ArrayBuffer));

  microphone.say(recorded('hours'));
  await c.log.next('input_audio_buffer.speech_started');
  const first = c.responseOf(await c.log.next('response.done'));
  expect(first.status).toBe('completed');
  expect(audible(Buffer.concat(c.played), 800), 'the answer is speech').toBe(true);
  await expect.poll(() => c.last('user'), 'the words of the person come into the history').not.toBe('');
  expect(c.last('assistant')).toBe('We are open from nine to six.');

  c.session.sendMessage('Tell me a story.');
  const long = c.responseOf(await c.log.next('response.created'));
  c.played = [];
  while (Buffer.concat(c.played).length < 2 * 24_000 * 1.5) await c.log.next('response.output_audio.delta');
  microphone.say(recorded('sentence'));
  await c.log.next('input_audio_buffer.speech_started');
  const cut = c.responseOf(await c.log.next('response.done'));
  expect(cut).toMatchObject({ id: long.id, status: 'cancelled' });
  expect(c.interruptions, 'the player was told to stop').toBeGreaterThan(0);
  const truncated = await c.log.next('conversation.item.truncated');
  await c.log.next('conversation.item.retrieved', (e) => (e.item as { id: string }).id === truncated.item_id);
  const kept = c.session.history.find((i) => i.itemId === truncated.item_id);
  expect(kept).toMatchObject({ type: 'message', role: 'assistant', status: 'incomplete' });
  await c.log.next('response.done', (e) => c.responseOf(e).id !== long.id);
  microphone.close();
  const end = c.log.all.findIndex((e) => e.type === 'response.done' && c.responseOf(e).id === long.id);
  expect(c.log.all.slice(end).filter((e) => e.response_id === long.id), 'nothing of a response after its end').toEqual([]);
  expect(c.errors).toEqual([]);
  c.session.close();

  await expect.poll(async () => (await api.conversation(id)).status).toBe('ended');
  const said = (await api.conversation(id)).transcript.find((l) => l.cut)?.heard?.trim() ?? '';
  expect(said, 'the record holds what was heard').not.toBe('');
  expect(story.startsWith(said) && said.length < story.length).toBe(true);
});

test('it is told what was wrong: a key, an agent, an update', async ({ front, server }) => {
  const url = (at: string, model: string) => `${at.replace('http', 'ws')}/v1/realtime?model=${model}`;
  const stranger = new Conversation();
  await expect(stranger.session.connect({ apiKey: 'a-wrong-key', url: url(front.url, 'gpt-realtime') })).rejects.toMatchObject({ message: expect.stringMatching(/40[13]/) });
  const lost = new Conversation();
  await expect(lost.session.connect({ apiKey: key, url: url(server.url, 'agent:nobody') })).rejects.toMatchObject({ message: expect.stringContaining('404') });

  const c = new Conversation({ config: { outputModalities: ['text'] } });
  await c.session.connect({ apiKey: key, url: url(front.url, 'agent:desk') });
  c.session.transport.sendEvent({ type: 'session.update', session: { type: 'realtime', audio: { input: { turn_detection: { type: 'server_vad', threshold: 7 } } } } });
  await c.log.next('error');
  expect(JSON.stringify(c.errors)).toContain('session.audio.input.turn_detection.threshold');
  // The session goes on.
  c.session.sendMessage('When do you open?');
  expect(c.responseOf(await c.log.next('response.done')).status).toBe('completed');
  c.session.close();
});
