import { Call } from '../lib/call.ts';
import { heard, listenTo, soundAfter } from '../lib/probe.ts';
import { browserWith, expect, test } from '../lib/test.ts';

const long = Array.from({ length: 90 }, (_, i) => `word${i}`).join(' ');

test.use({
  ...browserWith({ microphone: 'speaksLate', record: true }),
  arrangement: {
    args: ['--config', 'griot.yaml'],
    files: {
      'griot.yaml': `speech: {stt: fake, tts: fake, llm: fake}\nproviders: {fake: {answers: ["long => ${long}", "brief => Good morning"], heard: ["brief"]}}\n`,
      'data/agents/test.yaml': 'name: Test\nlanguage: en\nmodel:\n  provider: fake\n',
    },
  },
});
// It measures time: a machine that is busy with something else gets a second chance.
test.describe.configure({ retries: 1 });

test('a page talks to an agent over WebRTC: sound both ways, an interruption that silences the agent, and an end', async ({
  page,
  api,
  server,
}, info) => {
  await listenTo(page);
  await page.goto('/agents/gallery');
  const call = await Call.open(page, 'agent:test');
  expect(await call.location()).toMatch(/^\/v1\/realtime\/calls\/rtc_[0-9a-f]{32}$/);
  const created = await call.event('session.created');
  expect((created.session as { model: string }).model).toBe('agent:test');

  // Two brief answers: how long until each is heard.
  const delays: number[] = [];
  for (const i of [0, 1]) {
    const asked = await call.ask('brief');
    delays.push((await soundAfter(page, asked)) - asked);
    await call.event('output_audio_buffer.stopped', i);
  }

  // A long one, which the person in the microphone speaks over.
  await call.ask('long');
  const started = await call.event('output_audio_buffer.started', 2);
  const speech = await call.event('input_audio_buffer.speech_started');
  const cleared = await call.event('output_audio_buffer.cleared');
  expect(cleared.response_id).toBe(started.response_id);
  const truncated = await call.event('conversation.item.truncated');
  const answer = await call.event('output_audio_buffer.started', 3);
  await call.event('output_audio_buffer.stopped', 2);

  const { speaker, microphone } = await heard(page);
  expect(speaker.peak(started.at + 200, speech.at - 500), 'the agent is heard before the interruption').toBeGreaterThan(1000);
  expect(speaker.peak(cleared.at + 300, answer.at - 50), 'and is not after it').toBeLessThan(300);
  expect(speaker.peak(answer.at, answer.at + 1000), 'until its next answer').toBeGreaterThan(1000);
  const onset = microphone.stretches(300).find((s) => s.to > started.at);
  const last = speaker.stretches(150).findLast((s) => s.from < cleared.at);
  const played = (last?.to ?? 0) - started.at;
  expect(Math.abs(played - (truncated.audio_end_ms as number)), 'the item was cut to what was heard').toBeLessThan(500);
  expect(await call.types()).not.toContain('response.output_audio.delta');

  const inbound = await call.inbound();
  expect(inbound.codec).toBe('audio/opus');
  const figures = [
    `first sound ${delays.map((d) => Math.round(d)).join(' and ')} ms after response.create`,
    `silent ${Math.round((last?.to ?? 0) - (onset?.from ?? 0))} ms after the caller's first sound`,
    `${Math.round(inbound.jitterBufferMs)} ms in the browser's jitter buffer, ${inbound.lost} of ${inbound.packets} packets lost`,
  ];
  for (const f of figures) info.annotations.push({ type: 'measured', description: f });
  console.log(figures.join('\n'));

  // It is hung up by the server, and kept as any conversation.
  const end = await fetch(`${server.url}${await call.location()}/hangup`, { method: 'POST' });
  expect(end.status).toBe(200);
  await call.ended();
  const [record] = await api.conversations();
  expect(record).toMatchObject({ agent: 'test', status: 'ended', end_reason: 'client_closed', interruptions: 1 });
});

test('a page that leaves ends its call', async ({ page, api }) => {
  await listenTo(page);
  await page.goto('/agents/gallery');
  const call = await Call.open(page, 'agent:test');
  await call.event('session.created');
  await call.hangUp();
  await expect.poll(async () => (await api.conversations())[0]).toMatchObject({ status: 'ended', end_reason: 'caller_left' });
});
