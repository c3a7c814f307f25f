import { readFileSync } from 'node:fs';
import { AzureOpenAI, OpenAI } from 'openai';
import { OpenAIRealtimeWS } from 'openai/realtime/ws';
import type { RealtimeServerEvent } from 'openai/resources/realtime/realtime';
import { story } from '../lib/chat.ts';
import { expect, key, Log, test } from '../lib/clients.ts';
import type { Front } from '../lib/front.ts';
import { certificate } from '../lib/paths.ts';
import { audible, OpenMicrophone, recorded } from '../lib/voice.ts';

// The library openai (JavaScript), unchanged. It speaks to wss: addresses only, so there is TLS before the server.

// A conversation in real time: a machine that is busy with something else gets a second chance.
test.describe.configure({ retries: 1 });

/** A conversation of the library's client. */
class Conversation {
  readonly log = new Log<RealtimeServerEvent>();
  readonly errors: string[] = [];
  readonly client: OpenAIRealtimeWS;

  /** By the address of OpenAI, or with a client that is given. */
  constructor(front: Front, model: string, apiKey = key, client?: OpenAIRealtimeWS) {
    const openai = new OpenAI({ apiKey, baseURL: `${front.url}/v1` });
    this.client = client ?? new OpenAIRealtimeWS({ model, options: { ca: readFileSync(certificate) } }, openai);
    this.client.on('event', (event) => this.log.add(event));
    this.client.on('error', (error) => this.errors.push(error.message));
  }

  write(text: string): void {
    this.client.send({ type: 'conversation.item.create', item: { type: 'message', role: 'user', content: [{ type: 'input_text', text }] } });
  }

  /** The sound of a response so far. */
  sound(response: string): Buffer {
    const parts = this.log.all.map((e) => (e.type === 'response.output_audio.delta' && e.response_id === response ? e.delta : ''));
    return Buffer.concat(parts.map((p) => Buffer.from(p, 'base64')));
  }

  async response(): Promise<string> {
    const { response } = await this.log.next('response.created');
    return response.id ?? '';
  }

  async left(): Promise<void> {
    this.client.close();
    await new Promise((resolve) => this.client.socket.once('close', resolve));
  }
}

test('it writes, calls a function and gives its result', async ({ secureFront, chat }) => {
  const c = new Conversation(secureFront, 'gpt-realtime');
  const { session } = await c.log.next('session.created');
  expect(session).toMatchObject({ type: 'realtime', model: 'gpt-realtime' });
  c.client.send({
    type: 'session.update',
    session: {
      type: 'realtime',
      model: 'gpt-realtime',
      output_modalities: ['text'],
      instructions: 'Be brief.',
      tools: [{ type: 'function', name: 'weather', description: 'Weather of a city.', parameters: { type: 'object', properties: { city: { type: 'string' } } } }],
      tool_choice: 'auto',
    },
  });
  const updated = await c.log.next('session.updated');
  expect(updated.session).toMatchObject({ output_modalities: ['text'], instructions: 'Be brief.' });

  c.write('When do you open?');
  c.client.send({ type: 'response.create' });
  const text = await c.log.next('response.output_text.done');
  expect(text.text).toBe('We are open from nine to six.');
  const first = await c.log.next('response.done');
  expect(first.response).toMatchObject({ status: 'completed', usage: { input_tokens: 20, output_tokens: 5 } });

  c.write('What is the weather in Dakar?');
  c.client.send({ type: 'response.create' });
  const call = await c.log.next('response.function_call_arguments.done');
  expect(JSON.parse(call.arguments)).toEqual({ city: 'Dakar' });
  const done = await c.log.next('response.done');
  expect(done.response.output?.[0]).toMatchObject({ type: 'function_call', name: 'weather', call_id: call.call_id, status: 'completed' });
  c.client.send({ type: 'conversation.item.create', item: { type: 'function_call_output', call_id: call.call_id, output: 'sunny' } });
  c.client.send({ type: 'response.create' });
  expect((await c.log.next('response.output_text.done')).text).toBe('The report says: sunny.');
  await c.log.next('response.done');
  expect(chat.asked.at(-1)?.messages.at(-1)).toMatchObject({ role: 'tool', tool_call_id: call.call_id, content: 'sunny' });
  expect(c.errors).toEqual([]);
  await c.left();
});

test('it speaks and listens, interrupts and truncates', async ({ secureFront, api }) => {
  const c = new Conversation(secureFront, 'gpt-4o-realtime-preview-2025-06-03');
  const { session } = await c.log.next('session.created');
  const id = ('id' in session ? String(session.id) : '').slice('sess_'.length);
  const microphone = new OpenMicrophone((pcm) => c.client.send({ type: 'input_audio_buffer.append', audio: pcm.toString('base64') }));

  // A spoken question, and a spoken answer.
  microphone.say(recorded('hours'));
  const started = await c.log.next('input_audio_buffer.speech_started');
  expect((await c.log.next('input_audio_buffer.speech_stopped')).item_id).toBe(started.item_id);
  const answer = await c.response();
  const transcript = await c.log.next('response.output_audio_transcript.done');
  expect(transcript.transcript).toBe('We are open from nine to six.');
  expect((await c.log.next('response.done')).response).toMatchObject({ id: answer, status: 'completed' });
  expect(audible(c.sound(answer), 800), 'the answer is speech').toBe(true);
  const words = c.log.all.find((e) => e.type === 'conversation.item.input_audio_transcription.completed');
  expect(words, 'what was said was written down').toMatchObject({ item_id: started.item_id });

  // A long answer that is talked over.
  c.write('Tell me a story.');
  c.client.send({ type: 'response.create' });
  const long = await c.response();
  while (c.sound(long).length < 2 * 24_000 * 1.5) await c.log.next('response.output_audio.delta');
  microphone.say(recorded('sentence'));
  await c.log.next('input_audio_buffer.speech_started');
  const cut = await c.log.next('response.done');
  expect(cut.response).toMatchObject({ id: long, status: 'cancelled', status_details: { reason: 'turn_detected' } });
  const item = cut.response.output?.[0]?.id ?? '';
  c.client.send({ type: 'conversation.item.truncate', item_id: item, content_index: 0, audio_end_ms: 1000 });
  expect(await c.log.next('conversation.item.truncated')).toMatchObject({ item_id: item, audio_end_ms: 1000 });
  c.client.send({ type: 'conversation.item.retrieve', item_id: item });
  const retrieved = await c.log.next('conversation.item.retrieved');
  expect(retrieved.item).toMatchObject({ status: 'incomplete' });
  const kept = (retrieved.item as { content: { transcript: string }[] }).content[0]?.transcript ?? '';
  expect(story.startsWith(kept.trim()) && kept.length < 60, `"${kept}" is what a second holds of it`).toBe(true);
  expect((await c.log.next('response.done')).response.id, 'the answer to what was said').not.toBe(long);
  microphone.close();
  const end = c.log.all.findIndex((e) => e.type === 'response.done' && e.response.id === long);
  const late = c.log.all.slice(end).filter((e) => 'response_id' in e && e.response_id === long);
  expect(late, 'nothing of a response after its end').toEqual([]);
  expect(c.errors).toEqual([]);
  await c.left();

  await expect.poll(async () => (await api.conversation(id)).status).toBe('ended');
  const record = await api.conversation(id);
  expect(record.transcript.find((l) => l.cut)?.heard?.trim()).toBe(kept.trim());
});

test('it is told what was wrong: a key, an agent, an update, an event', async ({ secureFront }) => {
  const stranger = new Conversation(secureFront, 'gpt-realtime', 'a-wrong-key');
  await expect.poll(() => stranger.errors).toEqual([expect.stringMatching(/^Unexpected server response: 40[13]$/)]);
  const lost = new Conversation(secureFront, 'agent:nobody');
  await expect.poll(() => lost.errors).toEqual(['Unexpected server response: 404']);

  const c = new Conversation(secureFront, 'agent:desk');
  await c.log.next('session.created');
  c.client.send({ type: 'session.update', event_id: 'mine', session: { type: 'realtime', audio: { input: { turn_detection: { type: 'server_vad', threshold: 7 } } } } });
  const refused = await c.log.next('error');
  expect(refused.error).toMatchObject({ type: 'invalid_request_error', event_id: 'mine', param: 'session.audio.input.turn_detection.threshold' });
  c.client.send({ type: 'response.cancel', event_id: 'early' });
  expect((await c.log.next('error')).error).toMatchObject({ event_id: 'early' });
  // The session goes on.
  c.client.send({ type: 'session.update', session: { type: 'realtime', output_modalities: ['text'] } });
  await c.log.next('session.updated');
  c.write('When do you open?');
  c.client.send({ type: 'response.create' });
  expect((await c.log.next('response.done')).response.status).toBe('completed');
  await c.left();
});

test('it mints a client secret that opens the prepared session', async ({ server, secureFront }) => {
  const openai = new OpenAI({ apiKey: key, baseURL: `${server.url}/v1` });
  const secret = await openai.realtime.clientSecrets.create({
    expires_after: { anchor: 'created_at', seconds: 60 },
    session: { type: 'realtime', model: 'gpt-realtime', instructions: 'Speak like a sailor.' },
  });
  expect(secret.value).toMatch(/^ek_/);
  expect(secret.session).toMatchObject({ type: 'realtime', model: 'gpt-realtime' });
  const c = new Conversation(secureFront, 'gpt-realtime', secret.value);
  expect((await c.log.next('session.created')).session).toMatchObject({ instructions: 'Speak like a sailor.' });
  await c.left();
});

test('it is an Azure client, by its addresses and its kind of key', async ({ secureFront }) => {
  const azure = new AzureOpenAI({ apiKey: key, endpoint: secureFront.url, apiVersion: '2025-08-28', deployment: 'gpt-realtime' });
  const c = new Conversation(secureFront, '', key, await OpenAIRealtimeWS.azure(azure, { options: { ca: readFileSync(certificate) } }));
  expect((await c.log.next('session.created')).session).toMatchObject({ type: 'realtime', model: 'gpt-realtime' });
  c.client.send({ type: 'session.update', session: { type: 'realtime', output_modalities: ['text'] } });
  await c.log.next('session.updated');
  c.write('When do you open?');
  c.client.send({ type: 'response.create' });
  expect((await c.log.next('response.output_text.done')).text).toBe('We are open from nine to six.');
  expect(c.errors).toEqual([]);
  await c.left();
});

test('it has speech written down, and no answer to it', async ({ secureFront }) => {
  const openai = new OpenAI({ apiKey: key, baseURL: `${secureFront.url}/v1` });
  const client = new OpenAIRealtimeWS({ intent: 'transcription', options: { ca: readFileSync(certificate) } }, openai);
  const c = new Conversation(secureFront, '', key, client);
  expect((await c.log.next('session.created')).session).toMatchObject({ type: 'transcription' });
  const transcription = { model: 'gpt-4o-transcribe', language: 'en' };
  c.client.send({ type: 'session.update', session: { type: 'transcription', audio: { input: { transcription } } } });
  await c.log.next('session.updated');
  const microphone = new OpenMicrophone((pcm) => c.client.send({ type: 'input_audio_buffer.append', audio: pcm.toString('base64') }));
  microphone.say(recorded('hours'));
  const { transcript } = await c.log.next('conversation.item.input_audio_transcription.completed');
  expect(transcript).not.toBe('');
  microphone.close();
  expect(c.log.all.filter((e) => e.type.startsWith('response.'))).toEqual([]);
  expect(c.errors).toEqual([]);
  await c.left();
});
