import type { TimedTurn } from '~/components/TurnList';
import type { TranscriptLine } from '~/components/transcript';
import { type Call, type CallLine, spokenOf } from '~/live/call';

const cache = new WeakMap<CallLine, TranscriptLine>();

/** The transcript of a call that is under way. A line that did not change keeps its identity, so that it is not drawn anew. */
export function transcriptOf(call: Call): TranscriptLine[] {
  return call.lines.flatMap((line) => {
    if (line.kind === 'caller' && line.text === '' && line.state === 'final') return []; // it was no speech after all
    const known = cache.get(line);
    if (known) return [known];
    const made = entryOf(line);
    cache.set(line, made);
    return [made];
  });
}

function entryOf(line: CallLine): TranscriptLine {
  const { id } = line;
  const at = Math.max(0, line.at);
  switch (line.kind) {
    case 'tool':
      return { ...line, at };
    case 'caller': {
      const heard = line.text !== '';
      const state = {
        final: 'final',
        failed: 'unrecognised',
        recognising: heard ? 'partial' : 'recognising',
        speaking: heard ? 'partial' : 'listening',
      } as const;
      return { kind: 'caller', id, at, text: line.text, by: line.by, state: state[line.state] };
    }
    case 'agent': {
      const spoken = spokenOf(line);
      const cut = line.outcome?.cut ? { after: line.outcome.uptoMs } : undefined;
      const sounding = line.started && !line.outcome && spoken.ahead !== '';
      return { kind: 'agent', id, at, spoken, cut, sounding, latencyMs: line.latencyMs };
    }
  }
}

/** The turns of a call with what the caller said in each. */
export function turnsOf(call: Call): TimedTurn[] {
  return call.turns.map((times) => {
    const question = call.lines.find((l) => l.kind === 'caller' && l.id === times.item_id);
    return { turn: times.turn, question: question?.kind === 'caller' ? question.text : '', times };
  });
}
