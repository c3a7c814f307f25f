const silentAfterMs = 5000;
const clippingForMs = 1500;

/** Listens to the microphone for troubles that the browser does not report. */
export class MicWatch {
  private soundAt = 0;
  private clips: number[] = [];

  /** Begins anew, as after unmuting. */
  reset(now: number): void {
    this.soundAt = now;
    this.clips = [];
  }

  /**
   * Judges one frame by its peak (0 to 1). Silent: not even noise for five seconds, as with a switch on the headset turned off.
   * Clipping: the loudest parts are cut off again and again.
   */
  hear(now: number, peak: number): 'silent' | 'clipping' | undefined {
    if (peak > 1 / 32768) this.soundAt = now;
    if (peak >= 0.999) this.clips.push(now);
    while (this.clips[0] !== undefined && this.clips[0] < now - clippingForMs) this.clips.shift();
    if (now - this.soundAt >= silentAfterMs) return 'silent';
    return this.clips.length >= 8 ? 'clipping' : undefined;
  }
}
