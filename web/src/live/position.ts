import type { OpenSpeaker, Speaker } from '~/live/ports';
import type { ClientEvent } from '~/live/protocol';

type PlaybackEvent = Extract<ClientEvent, { type: 'griot.playback' }>;

interface Deps {
  now: () => number;
  report(event: PlaybackEvent): void;
  /** The first sound of an item was heard. */
  sounding(item: string): void;
  drained(item: string): void;
  level(rms: number): void;
  blocked(blocked: boolean): void;
}

interface Sounding {
  response: string;
  item: string;
  reportedAt?: number;
}

const reportEveryMs = 100;

/** So long after the caller began to speak, sound that still comes for the same answer means that it may not be cut. */
const uncutAfterMs = 200;

/** What the agent says on this page: hands the sound to the loudspeaker, and tells the server how far the listener got. */
export class Playback {
  private speaker?: Speaker;
  private closed = false;
  /** Items whose sound is not over, by key, in order. */
  private readonly sounding = new Map<string, Sounding>();
  /** Responses that were silenced: what still arrives for them is not played. */
  private readonly silenced: string[] = [];
  private held = false;
  /** Held because the caller speaks, and since when: the server has not said yet what becomes of the answer. */
  private doubt?: { response: string; since: number };

  constructor(private readonly deps: Deps) {}

  get latencyMs(): number {
    return this.speaker?.latencyMs ?? 0;
  }

  async open(openSpeaker: OpenSpeaker): Promise<void> {
    const speaker = await openSpeaker({
      onPosition: (key, ms, final, stopped) => this.position(key, ms, final, stopped),
      onLevel: (rms) => this.deps.level(rms),
      onBlocked: (blocked) => this.deps.blocked(blocked),
    });
    if (this.closed) speaker.close();
    else this.speaker = speaker;
  }

  push(response: string, item: string, pcm: Int16Array<ArrayBuffer>): void {
    if (!this.speaker || this.silenced.includes(response)) return;
    if (this.doubt && (this.doubt.response !== response || this.deps.now() - this.doubt.since > uncutAfterMs))
      this.hold(false);
    const key = `${response} ${item}`;
    if (!this.sounding.has(key)) this.sounding.set(key, { response, item });
    this.speaker.push(key, pcm);
  }

  end(response: string, item: string): void {
    const key = `${response} ${item}`;
    if (this.sounding.has(key)) this.speaker?.end(key);
  }

  /**
   * Silence at once, if the response (or, when none is named, any) is being played or waits to be. Returns the response that was
   * silenced.
   */
  stop(response?: string): string | undefined {
    const playing = [...this.sounding.values()];
    const hit = playing.find((s) => response === undefined || s.response === response);
    if (!hit) {
      if (response === undefined) this.hold(false); // nothing is kept back for the next answer
      return undefined;
    }
    for (const s of playing) if (!this.silenced.includes(s.response)) this.silenced.push(s.response);
    while (this.silenced.length > 16) this.silenced.shift();
    this.speaker?.stop();
    this.hold(false);
    return hit.response;
  }

  /**
   * The caller has begun to speak: silence at once. active is the response that the server still works at; its sound is only held
   * until it is cancelled, for an announcement that may not be cut goes on. What the server itself held back, and what it has already sent
   * whole, is over. Returns the response that was silenced for good.
   */
  yield(active: string | undefined): string | undefined {
    this.duck(false);
    const kept = [...this.sounding.values()].find((s) => s.response === active);
    if (!kept || this.held) return this.stop();
    this.hold(true);
    this.doubt = { response: kept.response, since: this.deps.now() };
    return undefined;
  }

  /** Pauses and keeps what waits, or goes on from there. */
  hold(on: boolean): void {
    this.doubt = undefined;
    if (on === this.held) return;
    this.held = on;
    this.speaker?.hold(on);
  }

  duck(on: boolean): void {
    this.speaker?.duck(on);
  }

  setVolume(volume: number): void {
    this.speaker?.setVolume(volume);
  }

  async resume(): Promise<void> {
    await this.speaker?.resume();
  }

  close(): void {
    this.closed = true;
    this.speaker?.close();
    this.speaker = undefined;
    this.sounding.clear();
  }

  private position(key: string, ms: number, final: boolean, stopped: boolean): void {
    const s = this.sounding.get(key);
    if (!s) return;
    const now = this.deps.now();
    const first = s.reportedAt === undefined;
    if (first && ms > 0) this.deps.sounding(s.item);
    // The first report goes out at once: the server times the turn by it.
    if (final || (ms > 0 && (first || now - (s.reportedAt ?? 0) >= reportEveryMs))) {
      s.reportedAt = now;
      const { response, item } = s;
      this.deps.report({
        type: 'griot.playback',
        response_id: response,
        item_id: item,
        audio_end_ms: Math.round(ms),
        final,
      });
    }
    if (!final) return;
    this.sounding.delete(key);
    if (!stopped) this.deps.drained(s.item);
  }
}
