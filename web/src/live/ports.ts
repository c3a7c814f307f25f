import type { MicFault } from '~/live/call';

/** A microphone that is open. */
export interface Microphone {
  /** The device's name as the browser gives it. */
  readonly label: string;
  /** Muted: frames go on, and are silent, so that the server's clock of the caller's audio does not stop. */
  setMuted(muted: boolean): void;
  close(): void;
}

export interface MicrophoneHandlers {
  /** 20 ms of PCM16 at 24 kHz; rms and peak from 0 to 1. */
  onFrame(pcm: Int16Array<ArrayBuffer>, rms: number, peak: number): void;
  /** The device is gone. */
  onLost(): void;
}

export type OpenMicrophone = (handlers: MicrophoneHandlers) => Promise<Microphone>;

/** Why there is no microphone. */
export class MicrophoneError extends Error {
  constructor(
    readonly fault: MicFault,
    cause?: unknown,
  ) {
    super(`microphone: ${fault}`, { cause });
  }
}

/** The loudspeaker: plays items one after the other, and says how far the listener really got. */
export interface Speaker {
  /** ms between a sample leaving our queue and its being audible, as far as the browser knows. */
  readonly latencyMs: number;
  readonly blocked: boolean;
  push(key: string, pcm: Int16Array<ArrayBuffer>): void;
  /** No more sound will come for this item. */
  end(key: string): void;
  /** Silence now. What waits is forgotten; positions of unfinished items are reported at once, as final. */
  stop(): void;
  /** Pauses where it is and keeps what waits, or goes on from there. */
  hold(on: boolean): void;
  /** Lowers the sound by 12 dB, or restores it. */
  duck(on: boolean): void;
  /** 0 to 1. */
  setVolume(volume: number): void;
  /** Asks the browser again to let sound through; of use only within a click. */
  resume(): Promise<void>;
  close(): void;
}

export interface SpeakerHandlers {
  /** ms of an item that were heard. Comes every 20 ms or so while something plays; final: that was all. stopped: cut short. */
  onPosition(key: string, playedMs: number, final: boolean, stopped: boolean): void;
  /** Loudness (0 to 1) of what is being played. */
  onLevel(rms: number): void;
  onBlocked(blocked: boolean): void;
}

export type OpenSpeaker = (handlers: SpeakerHandlers) => Promise<Speaker>;

/** The parts of a WebSocket that a call needs. */
export interface Socket {
  onopen: (() => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number; reason: string }) => void) | null;
  readonly bufferedAmount: number;
  send(text: string): void;
  close(code?: number, reason?: string): void;
}

export type OpenSocket = (url: string) => Socket;
