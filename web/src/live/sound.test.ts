import { describe, expect, it } from 'vitest';
import { decodePcm, encodePcm } from '~/live/base64';
import { Levels, loudness } from '~/live/levels';
import { MicWatch } from '~/live/micwatch';
import { PlayQueue, type PlayReport } from '~/live/playqueue';
import { Resampler } from '~/live/resample';

const pcm = (n: number, value = 1000) => new Int16Array(n).fill(value);

describe('base64', () => {
  it('carries samples there and back', () => {
    const samples = Int16Array.from({ length: 20_000 }, (_, i) => ((i * 37) % 65_536) - 32_768);
    expect(decodePcm(encodePcm(samples))).toEqual(samples);
  });
  it('begins with the low byte', () => expect(atob(encodePcm(Int16Array.of(1, -2)))).toBe('\x01\x00\xfe\xff'));
  it('leaves an odd byte out and refuses what is no base64', () => {
    expect(decodePcm(btoa('\x01\x00\x02'))).toEqual(Int16Array.of(1));
    expect(decodePcm('*')).toBeUndefined();
  });
});

describe('Resampler', () => {
  const tone = (from: number, hz: number, seconds = 0.5) => {
    const input = Float32Array.from({ length: from * seconds }, (_, i) => Math.sin((2 * Math.PI * hz * i) / from));
    const out: number[] = [];
    const r = new Resampler(from, 24_000);
    for (let i = 0; i < input.length; i += 128) r.process(input.subarray(i, i + 128), (v) => out.push(v));
    return out;
  };
  const rms = (x: number[]) => Math.sqrt(x.reduce((s, v) => s + v * v, 0) / x.length);

  it.each([16_000, 44_100, 48_000, 96_000])('makes the right number of samples from %i Hz', (from) => {
    expect(Math.abs(tone(from, 440).length - 12_000)).toBeLessThanOrEqual(2);
  });
  it.each([16_000, 44_100, 48_000])('keeps speech from %i Hz as loud as it was', (from) => {
    expect(rms(tone(from, 1000).slice(200))).toBeCloseTo(Math.SQRT1_2, 2);
  });
  it.each([44_100, 48_000])('lets nothing above half the new rate fold back from %i Hz', (from) => {
    expect(rms(tone(from, 15_000).slice(200))).toBeLessThan(0.003);
  });
});

describe('PlayQueue', () => {
  const make = (limit = 100_000, cushion = 0) => {
    const reports: PlayReport[] = [];
    const queue = new PlayQueue((r) => reports.push(r), limit, cushion);
    const out = new Float32Array(128);
    return { queue, reports, out, render: () => queue.render(out) };
  };

  it('plays items one after the other and counts what really left', () => {
    const { queue, reports, out, render } = make();
    queue.push('a', pcm(100));
    queue.end('a');
    queue.push('b', pcm(300, 2000));
    render();
    expect(out[99]).toBeCloseTo(1000 / 32768);
    expect(out[100]).toBeCloseTo(2000 / 32768);
    expect(reports).toEqual([
      { key: 'a', played: 100, state: 'drained' },
      { key: 'b', played: 28, state: 'playing' },
    ]);
  });

  it('is silent after a stop within one quantum, and tells where each item stood', () => {
    const { queue, reports, out, render } = make();
    queue.push('a', pcm(1000, 20_000));
    render();
    queue.stop();
    expect(reports.at(-1)).toEqual({ key: 'a', played: 128, state: 'stopped' });
    render();
    expect(Math.abs(out[0] ?? 1)).toBeLessThan(20_000 / 32768); // falls, so that it does not click
    expect([...out.slice(100)].every((v) => v === 0)).toBe(true);
    render();
    expect([...out].every((v) => v === 0)).toBe(true);
  });

  it('forgets what still comes for an item that was stopped', () => {
    const { queue, reports, out, render } = make();
    queue.push('a', pcm(128));
    render();
    queue.stop();
    render();
    const before = reports.length;
    queue.push('a', pcm(500));
    queue.end('a');
    render();
    expect(reports.length).toBe(before);
    expect(out.every((v) => v === 0)).toBe(true);
  });

  it('after running dry waits for a cushion, unless the item is over', () => {
    const { queue, out, render } = make(100_000, 300);
    queue.push('a', pcm(128));
    render();
    render();
    queue.push('a', pcm(128));
    render();
    expect(out.every((v) => v === 0)).toBe(true);
    queue.push('a', pcm(200));
    render();
    expect(out.every((v) => v > 0)).toBe(true);
    render();
    render();
    queue.push('a', pcm(10));
    queue.end('a');
    render();
    expect(out[0]).toBeGreaterThan(0);
  });

  it('refuses what does not fit', () => {
    const { queue } = make(100);
    expect(queue.push('a', pcm(80))).toBe(true);
    expect(queue.push('a', pcm(80))).toBe(false);
  });

  it('drains an item that had no sound at all', () => {
    const { queue, reports, render } = make();
    queue.end('a');
    render();
    expect(reports).toEqual([{ key: 'a', played: 0, state: 'drained' }]);
  });
});

describe('Levels', () => {
  it('keeps the loudest of each moment, and silence where nothing came', () => {
    const levels = new Levels(1);
    levels.add(0, 0.2);
    levels.add(5, 0.5);
    levels.add(100, 0.7);
    expect(levels.max(0, 20)).toBeCloseTo(0.5);
    expect(levels.max(20, 100)).toBe(0);
    expect(levels.max(0, 200)).toBeCloseTo(0.7);
  });
  it('forgets what is older than it reaches', () => {
    const levels = new Levels(1);
    levels.add(0, 1);
    levels.add(5000, 0.1);
    expect(levels.max(0, 5000)).toBe(0);
    expect(levels.max(0, 5020)).toBeCloseTo(0.1);
  });
  it('draws by ear', () => {
    expect(loudness(0)).toBe(0);
    expect(loudness(1)).toBe(1);
    expect(loudness(0.05)).toBeGreaterThan(0.4);
  });
});

describe('MicWatch', () => {
  it('says silent after five seconds of nothing at all, and not of a quiet room', () => {
    const watch = new MicWatch();
    watch.reset(0);
    expect(watch.hear(4990, 0)).toBeUndefined();
    expect(watch.hear(5000, 0)).toBe('silent');
    expect(watch.hear(5020, 0.001)).toBeUndefined();
    watch.reset(20_000);
    expect(watch.hear(24_000, 0)).toBeUndefined();
  });
  it('says clipping only when it goes on', () => {
    const watch = new MicWatch();
    watch.reset(0);
    for (let i = 0; i < 7; i++) expect(watch.hear(i * 20, 1)).toBeUndefined();
    expect(watch.hear(140, 1)).toBe('clipping');
    expect(watch.hear(3000, 0.5)).toBeUndefined();
  });
});
