/** Samples from -32768 to 32767 of one channel, and when they are audible. Times in ms. */
export class Sound {
  constructor(
    readonly rate: number,
    readonly samples: Int16Array,
  ) {}

  static fromPcm(rate: number, bytes: Buffer): Sound {
    const samples = new Int16Array(bytes.length >> 1);
    for (let i = 0; i < samples.length; i++) samples[i] = bytes.readInt16LE(2 * i);
    return new Sound(rate, samples);
  }

  get durationMs(): number {
    return (1000 * this.samples.length) / this.rate;
  }

  /** The stretches that can be heard: from their first to their last sample above the threshold, parted by gapMs of quiet or more. */
  stretches(gapMs: number, threshold = 300): Stretch[] {
    const gap = (gapMs * this.rate) / 1000;
    const found: { from: number; to: number }[] = [];
    for (let i = 0; i < this.samples.length; i++) {
      if (Math.abs(this.samples[i] ?? 0) < threshold) continue;
      const last = found.at(-1);
      if (last && i - last.to < gap) last.to = i;
      else found.push({ from: i, to: i });
    }
    return found.map(({ from, to }) => ({ from: this.ms(from), to: this.ms(to + 1) }));
  }

  /** The largest sample of a stretch, without sign. */
  peak(fromMs: number, toMs: number): number {
    let top = 0;
    for (let i = this.index(fromMs); i < this.index(toMs); i++) top = Math.max(top, Math.abs(this.samples[i] ?? 0));
    return top;
  }

  private ms = (i: number) => (1000 * i) / this.rate;
  private index = (ms: number) => Math.min(this.samples.length, Math.max(0, Math.round((ms * this.rate) / 1000)));
}

export interface Stretch {
  from: number;
  to: number;
}

/** Reads a WAV file of 16-bit PCM: one Sound for each channel. Refuses what is not one, or not whole. */
export function readWav(file: Buffer): Sound[] {
  if (file.toString('latin1', 0, 4) !== 'RIFF' || file.toString('latin1', 8, 12) !== 'WAVE') throw new Error('no WAV file');
  if (file.readUInt32LE(4) + 8 !== file.length) throw new Error(`says ${file.readUInt32LE(4) + 8} bytes and has ${file.length}`);
  let format: { channels: number; rate: number } | undefined;
  for (let at = 12; at + 8 <= file.length; ) {
    const name = file.toString('latin1', at, at + 4);
    const size = file.readUInt32LE(at + 4);
    const body = file.subarray(at + 8, at + 8 + size);
    if (name === 'fmt ') {
      const [encoding, channels, rate, bits] = [0, 2, 4, 14].map((o) => (o === 4 ? body.readUInt32LE(o) : body.readUInt16LE(o)));
      if (encoding !== 1 || bits !== 16 || !channels || !rate) throw new Error('not 16-bit PCM');
      format = { channels, rate };
    } else if (name === 'data') {
      if (!format) throw new Error('no format before the data');
      if (body.length !== size) throw new Error(`data of ${size} bytes, of which ${body.length} are there`);
      const { channels, rate } = format;
      const frames = Math.floor(size / 2 / channels);
      return Array.from({ length: channels }, (_, c) => {
        const samples = new Int16Array(frames);
        for (let i = 0; i < frames; i++) samples[i] = body.readInt16LE(2 * (i * channels + c));
        return new Sound(rate, samples);
      });
    }
    at += 8 + size + (size % 2);
  }
  throw new Error('no data');
}
