import { PlayQueue, type PlayReport } from '~/live/playqueue';

export type PlayCommand =
  | { do: 'push'; key: string; pcm: Int16Array<ArrayBuffer> }
  | { do: 'end'; key: string }
  | { do: 'hold'; on: boolean }
  | { do: 'stop' };

/** About every 20 ms: how loud the sound was that was played, and what became of each track. Full: sound was refused. */
export interface PlayMessage {
  reports: PlayReport[];
  rms: number;
  full: boolean;
}

const rate = 24_000;

class Playback extends AudioWorkletProcessor {
  private readonly reports = new Map<string, PlayReport>();
  private readonly queue = new PlayQueue((r) => this.reports.set(r.key, r), rate * 600, rate * 0.06);
  private rendered = 0;
  private squares = 0;
  private full = false;
  private silent = true;

  constructor() {
    super();
    this.port.onmessage = (e: MessageEvent<PlayCommand>) => this.obey(e.data);
  }

  private obey(command: PlayCommand): void {
    if (command.do === 'push') this.full = !this.queue.push(command.key, command.pcm) || this.full;
    else if (command.do === 'end') this.queue.end(command.key);
    else if (command.do === 'hold') this.queue.hold(command.on);
    else {
      this.queue.stop();
      this.tell();
    }
  }

  process(_inputs: Float32Array[][], outputs: Float32Array[][]): boolean {
    const out = outputs[0]?.[0];
    if (!out) return true;
    this.queue.render(out);
    for (const v of out) this.squares += v * v;
    this.rendered += out.length;
    if (this.rendered >= rate / 50) this.tell();
    return true;
  }

  private tell(): void {
    const rms = this.rendered > 0 ? Math.sqrt(this.squares / this.rendered) : 0;
    this.rendered = 0;
    this.squares = 0;
    const silent = rms === 0 && this.reports.size === 0 && !this.full;
    if (silent && this.silent) return; // nothing new to say, fifty times a second
    this.silent = silent;
    const message: PlayMessage = { reports: [...this.reports.values()], rms, full: this.full };
    this.reports.clear();
    this.full = false;
    this.port.postMessage(message);
  }
}

registerProcessor('playback', Playback);
