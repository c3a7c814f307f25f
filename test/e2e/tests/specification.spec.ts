import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import type { Page } from '@playwright/test';
import { browserWith, expect, test } from '../lib/test.ts';

// The examples of the specification's guide to the calls API, run as they are printed there but for the address of the server.

test.use(browserWith({ record: true }));

const printed = (file: string, server: string) =>
  readFileSync(new URL(`../specification/${file}`, import.meta.url), 'utf8').replaceAll('http://localhost:5000', server);

interface CallEntry {
  call_id: string;
  status: string;
  model: string;
  voice: string;
  modalities: string[];
}

async function calls(server: string): Promise<CallEntry[]> {
  const answer = await fetch(`${server}/api/realtime/calls`);
  return ((await answer.json()) as { data: CallEntry[] }).data;
}

/** An offer of a real browser, whose connection waits in the page. */
async function offer(page: Page): Promise<string> {
  return page.evaluate(async () => {
    const peer = new RTCPeerConnection();
    peer.addTransceiver('audio');
    await peer.setLocalDescription(await peer.createOffer());
    Object.assign(window, { waiting: peer });
    return peer.localDescription?.sdp ?? '';
  });
}

/** Runs a printed program in the page, as a module. Returns what it logged first. */
async function runInPage(page: Page, code: string, logs: RegExp): Promise<string> {
  const said = page.waitForEvent('console', { predicate: (m) => logs.test(m.text()) || m.type() === 'error' });
  await page.addScriptTag({ type: 'module', content: code });
  return (await said).text();
}

/** Runs a printed program by the system's interpreter, with variables that it takes from elsewhere. */
function runInPython(code: string, variables: Record<string, string>) {
  const before = Object.entries(variables).map(([name, value]) => `${name} = ${JSON.stringify(value)}\n`);
  // Nothing of whoever runs the tests: no proxy, no other packages.
  const env = { PATH: '/usr/bin:/bin', PYTHONIOENCODING: 'utf-8', PYTHONUNBUFFERED: '1', no_proxy: '*' };
  return promisify(execFile)('/usr/bin/python3', ['-c', before.join('') + code], { env, encoding: 'utf8', timeout: 60_000 });
}

/** Skips a test when Python cannot run the examples on this machine. */
function needsPython(): void {
  const there = existsSync('/usr/bin/python3') && existsSync('/usr/lib/python3/dist-packages/requests');
  if (!there && process.env.GRIOT_TEST_SYSTEM === '1') throw new Error('needs: apt-get install python3 python3-requests');
  test.skip(!there, 'needs: apt-get install python3 python3-requests');
}

test('example 1: a voice assistant in a page', async ({ page, server }) => {
  // What the example makes stays in its module: the page's constructor tells of it, and turns on a loudspeaker in time. The example itself asks for the sound when the
  // browser has announced it already.
  await page.addInitScript(() => {
    const made: RTCPeerConnection[] = [];
    Object.assign(window, { made });
    window.RTCPeerConnection = class extends RTCPeerConnection {
      constructor(...args: ConstructorParameters<typeof RTCPeerConnection>) {
        super(...args);
        made.push(this);
        this.addEventListener('track', (e) => {
          const player = new Audio();
          player.srcObject = new MediaStream([e.track]);
          void player.play();
        });
      }
    };
  });
  await page.goto('/agents/gallery');
  const said = await runInPage(page, printed('assistant.js', server.url), /Connexion établie/);
  expect(said).toMatch(/^Connexion établie! Call ID: rtc_[0-9a-f]+$/);
  const heard = () =>
    page.evaluate(async () => {
      const [peer] = (window as unknown as { made: RTCPeerConnection[] }).made;
      const found = { state: peer?.connectionState, energy: 0 };
      for (const s of ((await peer?.getStats())?.values() ?? []) as Iterable<Record<string, unknown>>) {
        if (s.type === 'inbound-rtp') found.energy = s.totalAudioEnergy as number;
      }
      return found;
    });
  await expect.poll(async () => (await heard()).energy, 'the agent greets').toBeGreaterThan(0.001);
  expect((await heard()).state).toBe('connected');
  expect(await calls(server.url)).toMatchObject([
    { call_id: said.split(' ').at(-1), status: 'active', model: 'gpt-4o-realtime-preview', voice: 'alloy', modalities: ['text', 'audio'] },
  ]);
});

test('example 2: support by telephone, in Python', async ({ page, server }) => {
  needsPython();
  await page.goto('/agents/gallery');
  const { stdout } = await runInPython(printed('sip.py', server.url), { sip_sdp_offer: await offer(page) });
  expect(stdout).toMatch(/^Appel SIP créé: rtc_[0-9a-f]+\n$/);
  const found = (await calls(server.url)).find((c) => stdout.includes(c.call_id));
  expect(found).toMatchObject({ status: 'active', model: 'gpt-4o-realtime-preview', voice: 'echo', modalities: ['audio'] });
});

test('example 3: translation, in a page', async ({ page, server }) => {
  await page.goto('/agents/gallery');
  // The example ends with its response; what it is comes after.
  const code = `const localSDP = ${JSON.stringify(await offer(page))};\n${printed('translation.js', server.url)}\nconsole.log('status', response.status, await response.text());`;
  const said = await runInPage(page, code, /^status/);
  expect(said).toMatch(/^status 201 /);
  const data = JSON.parse(said.slice('status 201 '.length)) as { success: boolean; sdp_answer: string; session: object };
  expect(data).toMatchObject({ success: true, session: { voice: 'shimmer', modalities: ['audio'], temperature: 0.6 } });
  await page.evaluate(
    (sdp) => (window as unknown as { waiting: RTCPeerConnection }).waiting.setRemoteDescription({ type: 'answer', sdp }),
    data.sdp_answer,
  );
  const state = () => page.evaluate(() => (window as unknown as { waiting: RTCPeerConnection }).waiting.connectionState);
  await expect.poll(state, 'the answer is one to connect by').toBe('connected');
});

test('example 4: watching over calls, in Python', async ({ page, server }) => {
  needsPython();
  await page.goto('/agents/gallery');
  const program = runInPython(printed('monitoring.py', server.url), { sdp_offer: await offer(page) });
  // The program watches until its call is over, which somebody else sees to.
  const before = new Set((await calls(server.url)).map((c) => c.call_id));
  const opened = async () => (await calls(server.url)).find((c) => !before.has(c.call_id) && c.status === 'active')?.call_id;
  await expect.poll(opened).toBeTruthy();
  const id = await opened();
  await fetch(`${server.url}/api/realtime/calls/${id}`, { method: 'DELETE' });
  const { stdout } = await program;
  const lines = stdout.trim().split('\n');
  expect(lines.filter((l) => l !== `Appel ${id} en cours`)).toEqual([
    expect.stringMatching(new RegExp(`^Appel ${id} terminé - Durée: \\d+s$`)),
    expect.stringMatching(/^Total appels: \d+$/),
    expect.stringMatching(/^Durée moyenne: \d+(\.\d+)?s$/),
  ]);
});
