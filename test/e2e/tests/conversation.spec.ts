import type { Page, TestInfo } from '@playwright/test';
import type { ConversationDetail, Line } from '../lib/api.ts';
import { accessible } from '../lib/axe.ts';
import { type Heard, heard, listenTo } from '../lib/probe.ts';
import { readWav, type Sound, type Stretch } from '../lib/sound.ts';
import { browserWith, expect, goTo, talkTo, test } from '../lib/test.ts';

test.use(browserWith({ microphone: 'interrupts', record: true }));
// It measures time: a machine that is busy with something else gets a second chance.
test.describe.configure({ retries: 1 });

/** Shorter quiet than this lies between the words of one utterance; silence of an end lasts longer. */
const pauseMs = 300;
const greeting = 'Hello, this is Maison Baobab, the automatic reception. How can I help you?';

test('a whole conversation: greeted, understood, answered, interrupted, and kept as it was heard', async ({
  page,
  api,
}, info) => {
  await listenTo(page);
  await talkTo(page, 'Talk to Reception (English)');
  await expect(page).toHaveURL(/\/agents\/reception-en\/session$/);

  const log = page.getByRole('log', { name: 'Transcript' });
  const agent = log.locator('article[data-kind="agent"]');
  const caller = log.locator('article[data-kind="caller"]');

  // The greeting, up to its last word.
  await expect(agent.nth(0).locator('.heard')).toHaveText(greeting, { timeout: 20_000 });
  await expect(page.getByRole('status').filter({ hasText: 'Your turn' })).toBeVisible();

  // The question, and the answer while it plays.
  await expect(caller.nth(0)).toContainText('hours', { timeout: 20_000 });
  await expect(page.getByRole('status').filter({ hasText: 'is speaking' })).toBeVisible();
  await expect(agent.nth(1).locator('.heard')).toContainText('We are open', { timeout: 15_000 });

  // The interruption.
  await expect(agent.nth(1).locator('s.unheard')).not.toBeEmpty({ timeout: 15_000 });
  await expect(agent.nth(1)).toContainText(/Interrupted after \d\.\d\ss · the end was not heard/);
  await expect(caller.nth(1)).toContainText('one moment please', { timeout: 15_000 });
  await expect(agent.nth(2).locator('.heard')).not.toBeEmpty({ timeout: 15_000 });

  const live = await heard(page);
  const shown = await linesOf(page);

  await page.getByRole('button', { name: 'End', exact: true }).click();
  await expect(page.getByText('You ended the conversation.')).toBeVisible();

  const measured = measure(live);
  report(info, measured);
  expect(measured.greeting.to - measured.greeting.from, 'length of the greeting').toBeGreaterThan(4000);
  // Less than nothing when the caller happens to begin in a pause between the agent's words.
  expect(measured.stopMs, 'from the caller’s first sound to the agent’s last').toBeGreaterThan(-500);
  expect(measured.stopMs, 'from the caller’s first sound to the agent’s last').toBeLessThanOrEqual(200);

  // The history has it, and its page tells the same.
  await goTo(page, 'Galleries', 'Conversations');
  await expect(page.getByRole('heading', { level: 1, name: 'Conversations' })).toBeVisible();
  const row = page.getByRole('row').filter({ hasText: 'Reception (English)' });
  await expect(row).toHaveCount(1);
  await expect(row).toContainText('Ended');
  await expect(row).toContainText('hours');
  await row.getByRole('link', { name: /Open the conversation/ }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Conversation with Reception (English)');
  await expect(agent.nth(1).locator('s.unheard')).not.toBeEmpty();
  const kept = await linesOf(page);
  for (const [i, line] of shown.slice(0, 4).entries()) {
    expect(kept[i]).toEqual({ ...line, latency: expect.any(Number) });
    expect(Math.abs((kept[i]?.latency ?? 0) - line.latency), 'rounding of a delay').toBeLessThanOrEqual(1);
  }
  await expect(agent.nth(1)).toContainText(/Interrupted after \d\.\d\ss · the end was not heard/);

  const id = new URL(page.url()).pathname.split('/').at(-1) ?? '';
  const record = await api.conversation(id);
  expect(record).toMatchObject({ status: 'ended', agent: 'reception-en', interruptions: 1, notices: [] });
  checkRecord(record, kept);

  // What the record says was heard is what the recording holds.
  const channels = readWav(await api.recording(id));
  expect(channels).toHaveLength(2);
  const events = await api.events(id);
  const said = events.filter((e) => e.type === 'agent.said').map((e) => e.body as { item: string; upto_ms: number });
  const cut = said.find((s) => s.item === record.transcript[2]?.item);
  checkRecording(channels as [Sound, Sound], record, cut?.upto_ms ?? -1);

  // It plays.
  const player = page.getByRole('region', { name: 'Recording' });
  await player.getByRole('button', { name: 'Play' }).click();
  await expect(player.getByRole('button', { name: 'Pause' })).toBeVisible();
  const position = player.getByRole('slider', { name: 'Position in the recording' });
  await expect.poll(async () => Number(await position.inputValue())).toBeGreaterThan(500);
  await player.getByRole('button', { name: 'Pause' }).click();
  await agent.nth(1).getByRole('button', { name: /^Listen from/ }).click();
  await expect(agent.nth(1)).toHaveAttribute('data-current', 'true');
  await expect(page).toHaveURL(/[?&]t=\d+/);

  // With a chart of the delays, struck words and a line that is played: in both themes.
  await expect(page.getByRole('table', { name: /Where the delay comes from/ })).toBeVisible();
  await accessible(page, 'the record, light');
  await page.getByRole('button', { name: 'Switch to the dark theme' }).click();
  await accessible(page, 'the record, dark');
});

interface ShownLine {
  kind: string | null;
  heard: string;
  unheard: string;
  /** In ms, as shown; -1 where none is. */
  latency: number;
}

/** The transcript as it stands on the page. */
async function linesOf(page: Page): Promise<ShownLine[]> {
  return page.getByRole('log', { name: 'Transcript' }).locator('article').evaluateAll((articles) =>
    articles.map((a) => ({
      kind: a.getAttribute('data-kind'),
      heard: (a.querySelector('.heard') ?? a.querySelector('[class*="bubble"]'))?.textContent ?? '',
      unheard: a.querySelector('s.unheard')?.textContent ?? '',
      latency: Number(a.querySelector('[title^="Latency"]')?.textContent?.replaceAll(/\D/g, '') ?? -1),
    })),
  );
}

/** The record's words are those on the page: a line's text is what was heard, and with the unheard rest it is all that was said. */
function checkRecord(record: ConversationDetail, shown: readonly ShownLine[]): void {
  expect(record.transcript.map(({ role }) => role)).toEqual(
    shown.map(({ kind }) => (kind === 'caller' ? 'user' : 'agent')),
  );
  record.transcript.forEach((line: Line, i) => {
    const seen = shown[i];
    if (line.role === 'user') return expect(seen?.heard).toBe(line.text);
    expect(line.text).toBe(line.heard);
    expect(seen?.heard.trim()).toBe(line.heard?.trim());
    expect(`${seen?.heard}${seen?.unheard}`).toBe(line.said);
    expect(line.cut === true).toBe(seen?.unheard !== '');
  });
  expect(record.transcript.slice(0, 4)).toMatchObject([
    { role: 'agent', heard: greeting, said: greeting },
    { role: 'user', text: 'hours' },
    { role: 'agent', cut: true },
    { role: 'user', text: 'one moment please' },
  ]);
}

/** The recording, by the record's own clock: caller left, agent right, each where the record puts it, and nothing else. */
function checkRecording([left, right]: [Sound, Sound], record: ConversationDetail, upto: number): void {
  const [, question, answer, thanks, reply] = record.transcript;
  if (!question || !answer || !thanks) throw new Error('the transcript is too short');
  const spoken = left.stretches(pauseMs);
  expect(spoken, 'the caller speaks twice').toHaveLength(2);
  expect(spoken[0]?.from).toBeGreaterThan(question.at_ms - 100);
  expect(spoken[1]?.from).toBeGreaterThan(thanks.at_ms - 100);

  // Pauses between sentences are longer than those between words.
  const all = right.stretches(900);
  const interrupted = all.find((s) => s.from > (spoken[0]?.to ?? 0));
  expect(interrupted, 'the answer').toBeDefined();
  const { from, to } = interrupted as Stretch;
  expect(upto, 'the record says how much was heard').toBeGreaterThan(1000);
  expect(Math.abs((answer.end_ms ?? 0) - answer.at_ms - upto), 'length of the answer by its line').toBeLessThanOrEqual(150);
  expect(Math.abs(to - from - upto), `${to - from} ms recorded, ${upto} ms heard`).toBeLessThanOrEqual(150);
  expect(from).toBeGreaterThan((spoken[0]?.to ?? 0) - 1);
  // The two sides meet as exactly as the far end's reports come in: a reply's first one, which places it, may be late by a moment.
  expect(to - (spoken[1]?.from ?? 0), 'recorded after the interruption').toBeLessThanOrEqual(400);
  const next = reply?.at_ms ?? record.recording.duration_ms;
  // A word's last sounds are too soft to count as its end.
  expect(right.peak(to + 150, next - 100), 'sound of the agent between the interruption and the next reply').toBeLessThan(50);
}

interface Measured {
  greeting: Stretch;
  /** From the caller's last sound to the agent's first, in what the page captures and plays. */
  answerMs: number;
  /** From the first sound of the caller's interruption to the agent's last. */
  stopMs: number;
}

function measure({ speaker, microphone }: Heard): Measured {
  const [question, thanks] = microphone.stretches(pauseMs);
  const [first, answer] = speaker.stretches(900);
  if (!question || !thanks || !first || !answer) throw new Error('something was not heard');
  return { greeting: first, answerMs: answer.from - question.to, stopMs: answer.to - thanks.from };
}

function report(info: TestInfo, { answerMs, stopMs }: Measured): void {
  const text = `end of speech to first sound ${answerMs.toFixed(0)} ms, onset of speech to silence ${stopMs.toFixed(0)} ms`;
  info.annotations.push({ type: 'measured', description: text });
  console.log(`measured in the page: ${text}`);
}
