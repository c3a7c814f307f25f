/** Changes the rate of a stream of samples with a windowed-sinc low-pass, so that nothing above half the new rate folds back. */
export class Resampler {
  private readonly up: number;
  private readonly down: number;
  private readonly taps: number;
  private readonly phases: Float32Array[];
  private readonly history: Float32Array;
  private phase = 0;
  private skip = 0;

  constructor(from: number, to: number) {
    const divisor = gcd(from, to);
    this.up = to / divisor;
    this.down = from / divisor;
    this.taps = Math.ceil(24 * Math.max(1, from / to)) * 2;
    this.phases = filter(this.up, this.taps, Math.min(1, to / from) * 0.92);
    this.history = new Float32Array(this.taps);
  }

  /** Takes samples and hands out, one by one, those of the new rate that have become known. */
  process(input: Float32Array, emit: (sample: number) => void): void {
    for (const sample of input) {
      this.history.copyWithin(0, 1, this.taps);
      this.history[this.taps - 1] = sample;
      if (this.skip > 0) {
        this.skip--;
        continue;
      }
      do {
        emit(this.output());
        this.phase += this.down;
      } while (this.phase < this.up);
      this.skip = Math.floor(this.phase / this.up) - 1;
      this.phase %= this.up;
    }
  }

  private output(): number {
    const coefficients = this.phases[this.phase] ?? this.phases[0];
    let sum = 0;
    if (coefficients) for (let i = 0; i < this.taps; i++) sum += (coefficients[i] ?? 0) * (this.history[i] ?? 0);
    return sum;
  }
}

/** One set of coefficients for each position of an output sample between two input samples. */
function filter(up: number, taps: number, cutoff: number): Float32Array[] {
  const centre = taps / 2 - 1;
  const phases: Float32Array[] = [];
  for (let phase = 0; phase < up; phase++) {
    const set = new Float32Array(taps);
    let gain = 0;
    for (let i = 0; i < taps; i++) {
      const x = i - centre - phase / up;
      const sinc = x === 0 ? cutoff : Math.sin(Math.PI * cutoff * x) / (Math.PI * x);
      const w = x / (taps / 2);
      const window = Math.abs(w) >= 1 ? 0 : 0.42 + 0.5 * Math.cos(Math.PI * w) + 0.08 * Math.cos(2 * Math.PI * w);
      set[i] = sinc * window;
      gain += sinc * window;
    }
    for (let i = 0; i < taps; i++) set[i] = (set[i] ?? 0) / gain;
    phases.push(set);
  }
  return phases;
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}
