/** What the player knows of one item's sound: samples that really left the queue, and what became of it. */
export interface PlayReport {
  key: string;
  played: number;
  state: 'playing' | 'drained' | 'stopped';
}

interface Track {
  key: string;
  chunks: Int16Array[];
  offset: number;
  queued: number;
  played: number;
  ended: boolean;
}

/** The queue of sound to play, in order of arrival: pure arithmetic, so that it can be tested without a sound card. */
export class PlayQueue {
  private tracks: Track[] = [];
  private readonly dead: string[] = [];
  private last = 0;
  private fade = 0;
  private fadeFrom = 0;
  private waitFor = 0;
  private held = false;
  private rise = 0;

  /**
   * @param report told on every rendered quantum that played something, and when a track drains or is stopped
   * @param limit samples that may wait; what comes on top is refused
   * @param cushion samples to gather again after the queue ran dry within a track, so that one late packet makes one gap and not many
   */
  constructor(
    private readonly report: (r: PlayReport) => void,
    private readonly limit: number,
    private readonly cushion: number,
  ) {}

  /** Adds sound; false when it was refused because the queue is full. Sound of a stopped track is silently forgotten. */
  push(key: string, pcm: Int16Array): boolean {
    if (this.dead.includes(key) || pcm.length === 0) return true;
    if (this.tracks.reduce((n, t) => n + t.queued, 0) + pcm.length > this.limit) return false;
    const track = this.track(key);
    track.chunks.push(pcm);
    track.queued += pcm.length;
    return true;
  }

  /** No more sound will come for this track: it is drained once the queue has played. */
  end(key: string): void {
    if (!this.dead.includes(key)) this.track(key).ended = true;
  }

  /** Forgets everything that waits. Each track that was not over is reported as stopped where it stands. */
  stop(): void {
    for (const t of this.tracks) {
      this.bury(t.key);
      this.report({ key: t.key, played: t.played, state: 'stopped' });
    }
    this.tracks = [];
    this.waitFor = 0;
    this.held = false;
    this.rise = 0;
    this.fade = fadeSamples;
    this.fadeFrom = this.last;
  }

  /** Pauses where it is and keeps what waits, or goes on from there: no sample is lost and none is played twice. */
  hold(on: boolean): void {
    if (on === this.held) return;
    this.held = on;
    if (on) {
      this.fade = fadeSamples;
      this.fadeFrom = this.last;
    } else {
      this.rise = fadeSamples;
    }
  }

  /** Fills one quantum of output. */
  render(out: Float32Array): void {
    out.fill(0);
    this.fadeOut(out);
    if (this.held) {
      this.last = out[out.length - 1] ?? 0;
      return;
    }
    let written = 0;
    for (let t = this.tracks[0]; t && written < out.length; t = this.tracks[0]) {
      if (this.waitFor > 0 && !t.ended && t.queued < this.waitFor) break;
      this.waitFor = 0;
      const before = written;
      written = this.take(t, out, written);
      if (t.queued === 0 && t.ended) {
        this.tracks.shift();
        this.bury(t.key);
        this.report({ key: t.key, played: t.played, state: 'drained' });
        continue;
      }
      if (written > before) this.report({ key: t.key, played: t.played, state: 'playing' });
      if (t.queued === 0) {
        if (t.played > 0) this.waitFor = this.cushion;
        break;
      }
    }
    this.fadeIn(out, written);
    this.last = out[out.length - 1] ?? 0;
  }

  /** After a pause the sound comes back within a few milliseconds, for the same reason. */
  private fadeIn(out: Float32Array, written: number): void {
    const n = Math.min(this.rise, written);
    for (let i = 0; i < n; i++) out[i] = ((out[i] ?? 0) * (fadeSamples - this.rise + i + 1)) / fadeSamples;
    this.rise -= n;
  }

  private take(t: Track, out: Float32Array, from: number): number {
    let at = from;
    for (let chunk = t.chunks[0]; chunk && at < out.length; chunk = t.chunks[0]) {
      const n = Math.min(out.length - at, chunk.length - t.offset);
      for (let i = 0; i < n; i++) out[at + i] = (chunk[t.offset + i] ?? 0) / 32768;
      at += n;
      t.offset += n;
      t.queued -= n;
      t.played += n;
      if (t.offset === chunk.length) {
        t.chunks.shift();
        t.offset = 0;
      }
    }
    return at;
  }

  /** After a stop the last sample falls to nothing within a few milliseconds: a sound cut square would click. */
  private fadeOut(out: Float32Array): void {
    const n = Math.min(this.fade, out.length);
    for (let i = 0; i < n; i++) out[i] = (this.fadeFrom * (this.fade - i - 1)) / fadeSamples;
    this.fade -= n;
  }

  private track(key: string): Track {
    const known = this.tracks.find((t) => t.key === key);
    if (known) return known;
    const fresh: Track = { key, chunks: [], offset: 0, queued: 0, played: 0, ended: false };
    this.tracks.push(fresh);
    return fresh;
  }

  private bury(key: string): void {
    this.dead.push(key);
    if (this.dead.length > 16) this.dead.shift();
  }
}

const fadeSamples = 96; // 4 ms at 24 kHz
