import type { ConversationDetail, Line } from '~/api/client';
import type { TimedTurn } from '~/components/TurnList';
import type { TranscriptLine } from '~/components/transcript';
import { settled } from '~/lib/heard';

/** The transcript of a recorded conversation. */
export function transcriptOf(lines: readonly Line[]): TranscriptLine[] {
  return lines.map(entryOf).toSorted((a, b) => a.at - b.at);
}

function entryOf(line: Line): TranscriptLine {
  const { item: id, at_ms: at } = line;
  switch (line.role) {
    case 'user': {
      const unrecognised = line.source === 'unrecognised';
      const by = line.source === 'digits' ? 'digits' : line.source && !unrecognised ? 'typed' : 'voice';
      return {
        kind: 'caller',
        id,
        at,
        text: line.text,
        by,
        state: unrecognised ? 'unrecognised' : 'final',
        confidence: line.confidence,
      };
    }
    case 'agent': {
      const heard = line.heard ?? line.text;
      const spoken = settled(line.said ?? heard, heard, line.cut === true);
      const after = line.end_ms === undefined || heard === '' ? 0 : Math.max(0, line.end_ms - at);
      return {
        kind: 'agent',
        id,
        at,
        spoken,
        cut: line.cut ? { after } : undefined,
        latencyMs: line.latency_ms,
        sounding: false,
      };
    }
    case 'tool':
      return {
        kind: 'tool',
        id,
        at,
        name: line.tool?.name ?? line.text,
        arguments: line.tool?.arguments ?? '',
        output: line.tool?.output,
        status: line.tool?.failed ? 'failed' : 'returned',
        tookMs: line.tool?.took_ms,
      };
  }
}

/** The turns of a recorded conversation with what the caller said in each. */
export function turnsOf(call: Pick<ConversationDetail, 'timings' | 'transcript'>): TimedTurn[] {
  return call.timings.map((times) => ({
    turn: times.turn,
    question: call.transcript.find((l) => l.item === times.item)?.text ?? '',
    times,
  }));
}

/** A stretch of the recording in which somebody spoke or a tool worked, in ms. */
export interface Span {
  id: string;
  who: Line['role'];
  from: number;
  to: number;
}

/** The stretches of a transcript; one whose end is not known lasts until the next begins. */
export function spansOf(lines: readonly Line[], duration: number): Span[] {
  const sorted = lines.toSorted((a, b) => a.at_ms - b.at_ms);
  return sorted.map((line, i) => {
    const next = sorted.slice(i + 1).find((l) => l.role !== 'tool')?.at_ms ?? duration;
    const to = line.end_ms ?? (line.tool ? line.at_ms + line.tool.took_ms : next);
    return { id: line.item, who: line.role, from: line.at_ms, to: Math.min(Math.max(to, line.at_ms), duration) };
  });
}

/** The line that is being said at a moment: of all that have begun, the last; before the first there is none. */
export function currentAt(spans: readonly Span[], ms: number): string | undefined {
  return spans.findLast((s) => s.who !== 'tool' && s.from <= ms + 1)?.id;
}

/** The turn that a line belongs to: the caller's words, the tools, and the agent's answer up to the caller's next words. */
export function turnAt(call: Pick<ConversationDetail, 'timings' | 'transcript'>, item?: string): number | undefined {
  const lines = call.transcript.toSorted((a, b) => a.at_ms - b.at_ms);
  const at = lines.findIndex((l) => l.item === item);
  const asked = lines.slice(0, at + 1).findLast((l) => l.role === 'user');
  return asked && call.timings.find((t) => t.item === asked.item)?.turn;
}

/** Where a turn begins: with what the caller said, in ms. */
export function beginOf(call: Pick<ConversationDetail, 'timings' | 'transcript'>, turn: number): number | undefined {
  const item = call.timings.find((t) => t.turn === turn)?.item;
  return call.transcript.find((l) => l.item === item)?.at_ms;
}

/** One turn as the pipeline timed it and as it was heard in the recording, in ms. */
export interface Truth {
  turn?: number;
  at: number;
  timers?: number;
  ear: number;
  apart?: number;
}

/** What the timers and the ear say of each turn that could be heard. */
export function truthsOf(call: Pick<ConversationDetail, 'timings' | 'ear'>): Truth[] {
  return (call.ear?.turns ?? []).map((t) => ({
    turn: call.timings.find((x) => x.response === t.response)?.turn,
    at: t.at_ms,
    timers: t.pipeline_ms,
    ear: t.response_delay_ms,
    apart: t.unexplained_ms,
  }));
}

/** What a minute cost when a conversation began, of rates in order of time; undefined before the first. */
export function rateAt<R extends { effective_from: string }>(rates: readonly R[], began: string): R | undefined {
  const at = Date.parse(began);
  return rates.findLast((r) => Date.parse(r.effective_from) <= at);
}

/** Moments of a time axis, in ms: at most so many, at whole seconds or minutes. */
export function axisTicks(duration: number, most: number): number[] {
  const steps = [5, 10, 15, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200].map((s) => s * 1000);
  const step = steps.find((s) => duration / s <= most) ?? Math.ceil(duration / most / 7_200_000) * 7_200_000;
  return Array.from({ length: Math.floor(duration / step) + 1 }, (_, i) => i * step);
}
