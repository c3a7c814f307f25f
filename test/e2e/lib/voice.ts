import { readFileSync } from 'node:fs';
import { type Microphone, microphoneFile } from './microphones.ts';
import { readWav, Sound } from './sound.ts';

/** The rate of the Realtime protocol's audio, in Hz. */
export const protocolRate = 24_000;

/** A recording of a person, as the protocol's clients send it. */
export function recorded(name: Microphone): Sound {
  const [sound] = readWav(readFileSync(microphoneFile(name)));
  if (!sound) throw new Error(`${name} has no channel`);
  const out = new Int16Array(Math.floor((sound.samples.length * protocolRate) / sound.rate));
  for (let i = 0; i < out.length; i++) {
    const at = (i * sound.rate) / protocolRate;
    const [a, b] = [sound.samples[Math.floor(at)] ?? 0, sound.samples[Math.floor(at) + 1] ?? 0];
    out[i] = Math.round(a + (b - a) * (at % 1));
  }
  return new Sound(protocolRate, out);
}

const frameMs = 20;
const frameSamples = (protocolRate * frameMs) / 1000;

/** A microphone in a program: it sends 20 ms every 20 ms, what it is given to say and else silence. */
export class OpenMicrophone {
  private queue: Int16Array[] = [];
  private sent = 0;
  private readonly begun = performance.now();
  private readonly timer: NodeJS.Timeout;

  /** send takes 16-bit samples, little-endian. */
  constructor(private readonly send: (pcm: Buffer) => void) {
    this.timer = setInterval(() => this.tick(), frameMs / 2);
  }

  say(sound: Sound): void {
    for (let at = 0; at < sound.samples.length; at += frameSamples) this.queue.push(sound.samples.subarray(at, at + frameSamples));
  }

  close(): void {
    clearInterval(this.timer);
  }

  private tick(): void {
    for (const due = (performance.now() - this.begun) / frameMs; this.sent < due; this.sent++) {
      const frame = new Int16Array(frameSamples);
      frame.set(this.queue.shift() ?? []);
      this.send(Buffer.from(frame.buffer));
    }
  }
}

/** Whether a sound is speech rather than silence or noise: it is loud somewhere, for that long together. */
export function audible(pcm: Buffer, forMs: number): boolean {
  const stretches = Sound.fromPcm(protocolRate, pcm).stretches(400, 500);
  return stretches.some((s) => s.to - s.from >= forMs);
}
