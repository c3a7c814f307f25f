/** Moments of a turn in ms since the end of the caller's last voiced frame; -1 = did not happen. The server's own names. */
export interface TurnTimes {
  end_of_turn_ms: number;
  final_text_ms: number;
  first_token_ms: number;
  tools_done_ms: number;
  first_audio_ms: number;
  sent_ms: number;
  heard_ms: number;
}

export const stageNames = ['eot', 'stt', 'llm', 'tool', 'tts', 'net'] as const;
export type StageName = (typeof stageNames)[number];

/** One stage of a turn on the turn's time axis, in ms. Stages may overlap. */
export interface Stage {
  name: StageName;
  start: number;
  end: number;
}

/** Above the first a delay is felt, above the second people start to speak again. */
export const slowMs = 500;
export const tooSlowMs = 800;

export type Verdict = 'good' | 'slow' | 'tooSlow';

export function verdict(ms: number): Verdict {
  if (ms > tooSlowMs) return 'tooSlow';
  return ms > slowMs ? 'slow' : 'good';
}

/** From the caller's last sound to the agent's first: as heard if the far end said so, else as sent; undefined when neither is known. */
export function headline(t: TurnTimes): number | undefined {
  if (t.heard_ms >= 0) return t.heard_ms;
  return t.sent_ms >= 0 ? t.sent_ms : undefined;
}

/** What a turn's delay consists of. A stage that did not happen is left out. */
export function stages(t: TurnTimes): Stage[] {
  const out: Stage[] = [];
  let base = 0;
  const add = (name: StageName, start: number, end: number) => {
    if (end >= 0) out.push({ name, start: Math.min(start, end), end });
  };
  add('eot', 0, t.end_of_turn_ms);
  base = Math.max(base, t.end_of_turn_ms);
  // A streaming recogniser works while the silence is still being weighed: its stage then lies inside the first one.
  add('stt', t.final_text_ms >= base ? base : 0, t.final_text_ms);
  base = Math.max(base, t.final_text_ms);
  add('llm', base, t.first_token_ms);
  base = Math.max(base, t.first_token_ms);
  add('tool', base, t.tools_done_ms);
  base = Math.max(base, t.tools_done_ms);
  add('tts', base, t.first_audio_ms);
  base = Math.max(base, t.first_audio_ms);
  add('net', base, headline(t) ?? -1);
  return out;
}

/** The value that p (0 to 1) of all values do not exceed, by nearest rank; undefined when there are none. */
export function percentile(values: readonly number[], p: number): number | undefined {
  if (values.length === 0) return undefined;
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(p * sorted.length) - 1)];
}

/** The end of an axis in ms that holds the value and the threshold, at a round tick. */
export function axisEnd(ms: number): number {
  const floor = tooSlowMs + 60;
  if (ms <= floor) return floor;
  const step = tickStep(ms);
  return Math.ceil(ms / step) * step;
}

/** The distance between ticks of an axis that ends at ms: at most six of them. */
export function tickStep(ms: number): number {
  for (const step of [200, 500, 1000, 2000, 5000, 10_000, 30_000]) if (ms / step <= 6) return step;
  return 60_000;
}
