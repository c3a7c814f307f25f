import { Resampler } from '~/live/resample';

/** One frame of 20 ms at 24 kHz, and how loud it was (0 to 1). */
export interface CapturedFrame {
  pcm: Int16Array<ArrayBuffer>;
  rms: number;
  peak: number;
}

const rate = 24_000;
const frame = 480;

class Capture extends AudioWorkletProcessor {
  private readonly resampler = sampleRate === rate ? undefined : new Resampler(sampleRate, rate);
  private pcm = new Int16Array(frame);
  private filled = 0;
  private squares = 0;
  private peak = 0;
  private readonly take = (sample: number) => this.add(sample);

  process(inputs: Float32Array[][]): boolean {
    const channel = inputs[0]?.[0];
    if (!channel) return true;
    if (this.resampler) this.resampler.process(channel, this.take);
    else for (const sample of channel) this.add(sample);
    return true;
  }

  private add(sample: number): void {
    const v = Math.max(-1, Math.min(1, sample));
    this.squares += v * v;
    this.peak = Math.max(this.peak, Math.abs(v));
    this.pcm[this.filled++] = Math.round(v * 32767);
    if (this.filled < frame) return;
    const message: CapturedFrame = { pcm: this.pcm, rms: Math.sqrt(this.squares / frame), peak: this.peak };
    this.port.postMessage(message, [this.pcm.buffer]);
    this.pcm = new Int16Array(frame);
    this.filled = 0;
    this.squares = 0;
    this.peak = 0;
  }
}

registerProcessor('capture', Capture);
