/** Amplitudes on the page's clock, 50 a second, for the lanes: a ring that is written by the audio and read by the drawing. */
export const slotMs = 20;

export class Levels {
  private readonly ring: Float32Array;
  private newest = -1;

  /** @param seconds how far back can be read */
  constructor(seconds: number) {
    this.ring = new Float32Array(Math.ceil((seconds * 1000) / slotMs) + 1);
  }

  /** Notes the level (0 to 1) at a time of performance.now(). */
  add(now: number, level: number): void {
    const slot = Math.floor(now / slotMs);
    if (slot > this.newest) {
      const gap = Math.min(slot - this.newest, this.ring.length);
      for (let i = 0; i < gap; i++) this.ring[(slot - i) % this.ring.length] = 0;
      this.newest = slot;
    }
    if (this.newest - slot >= this.ring.length) return;
    const at = slot % this.ring.length;
    this.ring[at] = Math.max(this.ring[at] ?? 0, level);
  }

  /** The largest level between two times of performance.now(). */
  max(from: number, to: number): number {
    let top = 0;
    const oldest = this.newest - this.ring.length + 1;
    const last = Math.min(Math.ceil(to / slotMs) - 1, this.newest);
    for (let slot = Math.max(Math.floor(from / slotMs), oldest, 0); slot <= last; slot++) {
      top = Math.max(top, this.ring[slot % this.ring.length] ?? 0);
    }
    return top;
  }
}

/** How tall an amplitude (root mean square, 0 to 1) is drawn: by ear, that is in decibels, from -52 dB up to -6 dB. */
export function loudness(rms: number): number {
  if (rms <= 0) return 0;
  return Math.min(1, Math.max(0, (20 * Math.log10(rms) + 52) / 46));
}
