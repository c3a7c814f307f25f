import type { Page } from '@playwright/test';
import { Sound } from './sound.ts';

/** Two inputs on one clock: what reaches the loudspeaker, and what comes from the microphone. */
const worklet = `
registerProcessor('e2e-recorder', class extends AudioWorkletProcessor {
  constructor() {
    super();
    this.size = 4096;
    this.begin();
    this.port.onmessage = () => { this.flush(); this.port.postMessage('done'); };
  }
  begin() { this.start = currentFrame; this.filled = 0; this.out = new Int16Array(this.size); this.mic = new Int16Array(this.size); }
  flush() { this.port.postMessage({ start: this.start, out: this.out.slice(0, this.filled), mic: this.mic.slice(0, this.filled) }); this.begin(); }
  process([out, mic]) {
    const frames = (out[0] ?? mic[0])?.length ?? 128;
    for (let i = 0; i < frames; i++) {
      this.out[this.filled + i] = Math.max(-32768, Math.min(32767, Math.round((out[0]?.[i] ?? 0) * 32767)));
      this.mic[this.filled + i] = Math.max(-32768, Math.min(32767, Math.round((mic[0]?.[i] ?? 0) * 32767)));
    }
    this.filled += frames;
    if (this.filled === this.size) this.flush();
    return true;
  }
});`;

interface Chunk {
  start: number;
  out: Int16Array;
  mic: Int16Array;
}

interface Recorder {
  rate: number;
  chunks: Chunk[];
  flush(): Promise<void>;
}

declare global {
  interface Window {
    e2eRecorders: Recorder[];
  }
}

/** Runs in the page before its own scripts: whatever goes to a loudspeaker, and every microphone, also goes to a recorder. */
function install(script: string): void {
  window.e2eRecorders = [];
  const url = URL.createObjectURL(new Blob([script], { type: 'text/javascript' }));
  const taps = new Map<BaseAudioContext, Promise<AudioWorkletNode>>();
  const streams: MediaStream[] = [];
  const connect = AudioNode.prototype.connect as (this: AudioNode, ...args: unknown[]) => AudioNode;

  const listen = async (tap: Promise<AudioWorkletNode>, stream: MediaStream) => {
    const node = await tap;
    const source = (node.context as AudioContext).createMediaStreamSource(stream);
    connect.call(source, node, 0, 1);
  };

  const makeTap = async (context: BaseAudioContext): Promise<AudioWorkletNode> => {
    await context.audioWorklet.addModule(url);
    const node = new AudioWorkletNode(context, 'e2e-recorder', {
      numberOfInputs: 2,
      numberOfOutputs: 1,
      channelCount: 1,
      channelCountMode: 'explicit',
    });
    const chunks: Chunk[] = [];
    let done: () => void = () => undefined;
    node.port.onmessage = (e: MessageEvent<Chunk | 'done'>) => (e.data === 'done' ? done() : chunks.push(e.data));
    const flush = () =>
      new Promise<void>((resolve) => {
        done = resolve;
        if (context.state === 'closed') resolve();
        else node.port.postMessage('flush');
      });
    window.e2eRecorders.push({ rate: context.sampleRate, chunks, flush });
    connect.call(node, context.destination); // silent, but a node that leads nowhere may not be run
    return node;
  };

  AudioNode.prototype.connect = function (this: AudioNode, ...args: unknown[]) {
    const result = connect.apply(this, args);
    if (args[0] instanceof AudioDestinationNode) {
      let tap = taps.get(this.context);
      if (!tap) {
        tap = makeTap(this.context);
        taps.set(this.context, tap);
        for (const stream of streams) void listen(tap, stream);
      }
      void tap.then((node) => connect.call(this, node, 0, 0));
    }
    return result;
  } as AudioNode['connect'];

  const media = navigator.mediaDevices as MediaDevices | undefined;
  const getUserMedia = media?.getUserMedia.bind(media);
  if (media && getUserMedia) {
    media.getUserMedia = async (constraints) => {
      const stream = await getUserMedia(constraints);
      streams.push(stream);
      for (const tap of taps.values()) void listen(tap, stream);
      return stream;
    };
  }
}

/**
 * Records what the page plays and hears. Call it before the page is opened. The recorder comes from a blob, which the page's content
 * security policy refuses: it needs a browser context with bypassCSP.
 */
export async function listenTo(page: Page): Promise<void> {
  await page.addInitScript(install, worklet);
}

/** Both sounds on one clock, from the start of the page's loudspeaker. */
export interface Heard {
  speaker: Sound;
  microphone: Sound;
}

/** What was recorded so far, of the loudspeaker that has played the most. */
export async function heard(page: Page): Promise<Heard> {
  const { rate, out, mic } = await page.evaluate(async () => {
    const pack = (pcm: Int16Array) => {
      const bytes = new Uint8Array(pcm.buffer);
      let text = '';
      for (let i = 0; i < bytes.length; i += 0x8000) text += String.fromCharCode(...bytes.subarray(i, i + 0x8000));
      return btoa(text);
    };
    const join = (chunks: Chunk[], key: 'out' | 'mic') => {
      const last = chunks.at(-1);
      const pcm = new Int16Array(last ? last.start + last.out.length : 0);
      for (const c of chunks) pcm.set(c[key], c.start);
      return pcm;
    };
    let best = { rate: 0, out: new Int16Array(), mic: new Int16Array(), energy: -1 };
    for (const r of window.e2eRecorders) {
      await r.flush();
      const out = join(r.chunks, 'out');
      const energy = out.reduce((sum, v) => sum + v * v, 0);
      if (energy > best.energy) best = { rate: r.rate, out, mic: join(r.chunks, 'mic'), energy };
    }
    return { rate: best.rate, out: pack(best.out), mic: pack(best.mic) };
  });
  const unpack = (text: string) => {
    const bytes = Buffer.from(text, 'base64');
    return Sound.fromPcm(rate, bytes);
  };
  return { speaker: unpack(out), microphone: unpack(mic) };
}

/** Waits until the page has played something audible that is newer than ms of its clock; returns when it began. */
export async function soundAfter(page: Page, ms: number, limitMs = 15_000): Promise<number> {
  const frame = await page.waitForFunction(
    (ms) => {
      for (const r of window.e2eRecorders) {
        for (const c of r.chunks) {
          const from = Math.max(0, Math.ceil((ms * r.rate) / 1000) - c.start);
          for (let i = from; i < c.out.length; i++) {
            if (Math.abs(c.out[i] ?? 0) > 300) return (c.start + i) / r.rate;
          }
        }
      }
      return undefined;
    },
    ms,
    { timeout: limitMs, polling: 100 },
  );
  return ((await frame.jsonValue()) ?? 0) * 1000;
}
