import { describe, expect, it } from 'vitest';
import { axisEnd, headline, percentile, stages, tickStep, verdict } from '~/lib/latency';

const none = {
  end_of_turn_ms: -1,
  final_text_ms: -1,
  first_token_ms: -1,
  tools_done_ms: -1,
  first_audio_ms: -1,
  sent_ms: -1,
  heard_ms: -1,
};

describe('stages', () => {
  it('follow each other from the end of speech to the first sound', () => {
    const turn = {
      end_of_turn_ms: 500,
      final_text_ms: 540,
      first_token_ms: 560,
      tools_done_ms: 774,
      first_audio_ms: 830,
      sent_ms: 840,
      heard_ms: 866,
    };
    expect(stages(turn)).toEqual([
      { name: 'eot', start: 0, end: 500 },
      { name: 'stt', start: 500, end: 540 },
      { name: 'llm', start: 540, end: 560 },
      { name: 'tool', start: 560, end: 774 },
      { name: 'tts', start: 774, end: 830 },
      { name: 'net', start: 830, end: 866 },
    ]);
    expect(headline(turn)).toBe(866);
  });
  it('shows overlap as overlap: a recogniser that was done before the silence was long enough', () => {
    const got = stages({ ...none, end_of_turn_ms: 500, final_text_ms: 320, first_token_ms: 510, sent_ms: 600 });
    expect(got.slice(0, 3)).toEqual([
      { name: 'eot', start: 0, end: 500 },
      { name: 'stt', start: 0, end: 320 },
      { name: 'llm', start: 500, end: 510 },
    ]);
  });
  it('takes no time for words that were there when the silence was long enough, to the millisecond', () => {
    const got = stages({ ...none, end_of_turn_ms: 500, final_text_ms: 500, sent_ms: 510 });
    expect(got[1]).toEqual({ name: 'stt', start: 500, end: 500 });
  });
  it('leaves out what did not happen', () => {
    expect(stages({ ...none, final_text_ms: 0, first_audio_ms: 90, sent_ms: 95 }).map((s) => s.name)).toEqual([
      'stt',
      'tts',
      'net',
    ]);
    expect(stages(none)).toEqual([]);
    expect(headline(none)).toBeUndefined();
  });
});

describe('figures', () => {
  it('percentile is by nearest rank', () => {
    expect(percentile([5, 1, 3], 0.5)).toBe(3);
    expect(percentile([5, 1, 3], 0.95)).toBe(5);
    expect(percentile([7], 0.5)).toBe(7);
    expect(percentile([], 0.5)).toBeUndefined();
  });
  it('verdicts begin above their bounds', () => {
    expect([500, 501, 800, 801].map(verdict)).toEqual(['good', 'slow', 'slow', 'tooSlow']);
  });
  it('the axis holds the value and the threshold', () => {
    expect(axisEnd(300)).toBeGreaterThan(800);
    for (const ms of [900, 1240, 3100, 9000, 61_000]) {
      expect(axisEnd(ms)).toBeGreaterThanOrEqual(ms);
      expect(axisEnd(ms) / tickStep(axisEnd(ms))).toBeLessThanOrEqual(7);
    }
  });
});
