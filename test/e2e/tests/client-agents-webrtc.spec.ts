import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { expect, key, test } from '../lib/clients.ts';
import { browserWith } from '../lib/test.ts';

// The library @openai/agents-realtime in a browser, unchanged, as its bundle for pages: there it speaks over WebRTC.

const bundle = join(dirname(createRequire(import.meta.url).resolve('@openai/agents-realtime')), 'bundle/openai-realtime-agents.umd.js');

test.use(browserWith({ record: true }));

interface Event {
  type: string;
  [field: string]: unknown;
}

type Library = typeof import('@openai/agents-realtime');

declare global {
  interface Window {
    OpenAIAgentsRealtime: Library;
    agents: { session: InstanceType<Library['RealtimeSession']>; events: Event[]; errors: string[]; asked: string[]; energy: () => Promise<number> };
  }
}

test('it talks over WebRTC with a client secret, runs a tool and interrupts', async ({ page, server, api }) => {
  const minted = await fetch(`${server.url}/v1/realtime/client_secrets`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({ session: { type: 'realtime', model: 'gpt-realtime' } }),
  });
  const { value } = (await minted.json()) as { value: string };
  await page.goto('/agents/gallery');
  await page.addScriptTag({ path: bundle });
  await page.evaluate(
    async ({ apiKey, baseUrl }) => {
      const { RealtimeAgent, RealtimeSession, OpenAIRealtimeWebRTC, tool } = window.OpenAIAgentsRealtime;
      const asked: string[] = [];
      const weather = tool({
        name: 'weather',
        description: 'Weather of a city.',
        parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'], additionalProperties: false },
        strict: true,
        execute: async (input) => {
          asked.push((input as { city: string }).city);
          return 'sunny';
        },
      });
      const player = new Audio();
      player.autoplay = true;
      const peers: RTCPeerConnection[] = [];
      const transport = new OpenAIRealtimeWebRTC({
        baseUrl,
        audioElement: player,
        changePeerConnection: (peer) => {
          peers.push(peer);
          return peer;
        },
      });
      const session = new RealtimeSession(new RealtimeAgent({ name: 'Desk', instructions: 'Be brief.', tools: [weather] }), { transport });
      const energy = async () => {
        let total = 0;
        for (const s of ((await peers[0]?.getStats())?.values() ?? []) as Iterable<Record<string, unknown>>) if (s.type === 'inbound-rtp') total += s.totalAudioEnergy as number;
        return total;
      };
      window.agents = { session, asked, energy, events: [], errors: [] };
      session.on('transport_event', (event) => window.agents.events.push(event as Event));
      session.on('error', (error) => window.agents.errors.push(JSON.stringify(error)));
      await session.connect({ apiKey });
    },
    { apiKey: value, baseUrl: `${server.url}/v1/realtime/calls` },
  );
  /** The nth event of a type, from 0, once it has come. */
  const event = async (type: string, nth = 0) => {
    const found = await page.waitForFunction(([type, nth]) => window.agents.events.filter((e) => e.type === type)[nth], [type, nth] as const, { timeout: 30_000, polling: 50 });
    return (await found.jsonValue()) as Event;
  };
  const say = (text: string) => page.evaluate((text) => window.agents.session.sendMessage(text), text);
  const created = await event('session.created');
  expect(created.session).toMatchObject({ model: 'gpt-realtime' });

  // An answer that is heard to its end.
  await say('When do you open?');
  await event('output_audio_buffer.stopped');
  const heard = await page.evaluate(() => window.agents.energy());
  expect(heard, 'the answer is audible').toBeGreaterThan(0.001);

  // A tool of the page.
  await say('What is the weather in Dakar?');
  const stopped = await event('output_audio_buffer.stopped', 1);
  expect(await page.evaluate(() => window.agents.asked)).toEqual(['Dakar']);
  expect(await page.evaluate(() => JSON.stringify(window.agents.session.history))).toContain('The report says: sunny.');

  // A story that the page interrupts.
  await say('Tell me a story.');
  const started = await event('output_audio_buffer.started', 2);
  expect(started.response_id).not.toBe(stopped.response_id);
  await expect.poll(() => page.evaluate(() => window.agents.energy())).toBeGreaterThan(1.2 * heard);
  await page.evaluate(() => window.agents.session.interrupt());
  expect((await event('output_audio_buffer.cleared')).response_id).toBe(started.response_id);
  const truncated = await event('conversation.item.truncated');
  expect(truncated.audio_end_ms).toBeGreaterThan(0);
  expect(await page.evaluate(() => window.agents.errors)).toEqual([]);
  await page.evaluate(() => window.agents.session.close());
  const id = (created.session as { id: string }).id.slice('sess_'.length);
  await expect.poll(async () => (await api.conversation(id)).status).toBe('ended');
});
