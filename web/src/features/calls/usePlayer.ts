import { type RefObject, useEffect, useMemo, useRef, useState, useSyncExternalStore } from 'react';
import WaveSurfer from 'wavesurfer.js';
import type { Peaks } from '~/api/client';
import { nonce } from '~/lib/nonce';

/** What the player shows. Times in ms. */
interface Playing {
  at: number;
  duration: number;
  playing: boolean;
  failed: boolean;
}

/** The playback of one recording: a media element that the waveform, the transcript and the keys all steer. */
export interface Player {
  getSnapshot(): Playing;
  subscribe(listener: () => void): () => void;
  toggle(): void;
  seek(ms: number): void;
  setRate(rate: number): void;
  readonly media: HTMLAudioElement;
}

export function usePlayer(url: string, duration: number): Player {
  const player = useMemo(() => makePlayer(url, duration), [url, duration]);
  useEffect(() => () => player.media.pause(), [player]);
  return player;
}

export function usePlaying(player: Player): Playing {
  return useSyncExternalStore(player.subscribe, player.getSnapshot);
}

function makePlayer(url: string, known: number): Player {
  const media = new Audio();
  media.preload = 'metadata';
  media.src = url;
  const listeners = new Set<() => void>();
  let snapshot: Playing = { at: 0, duration: known, playing: false, failed: false };
  let frame = 0;
  const update = () => {
    const length = Number.isFinite(media.duration) && media.duration > 0 ? media.duration * 1000 : known;
    snapshot = { at: media.currentTime * 1000, duration: length, playing: !media.paused, failed: media.error !== null };
    for (const listener of listeners) listener();
  };
  // The element itself tells its position four times a second, which is too seldom for words.
  const follow = () => {
    update();
    cancelAnimationFrame(frame);
    if (!media.paused) frame = requestAnimationFrame(follow);
  };
  for (const type of ['play', 'pause', 'seeked', 'ended', 'loadedmetadata', 'error'])
    media.addEventListener(type, follow);
  return {
    media,
    getSnapshot: () => snapshot,
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    toggle: () => {
      if (media.paused) void media.play().catch(update);
      else media.pause();
    },
    seek: (ms) => {
      media.currentTime = Math.max(0, ms) / 1000;
      update();
    },
    setRate: (rate) => {
      media.playbackRate = rate;
    },
  };
}

/** Draws the two voices of a recording, the caller's above the agent's, in the theme's colours. */
export function useWaveform(
  box: RefObject<HTMLDivElement | null>,
  player: Player,
  peaks: Peaks | undefined,
  theme: string,
) {
  const drawn = useRef<WaveSurfer>(null);
  const [ready, setReady] = useState(false);
  useEffect(() => {
    const container = box.current;
    if (!container || !peaks || peaks.caller.length === 0) return;
    const surfer = WaveSurfer.create({
      container,
      media: player.media,
      peaks: [peaks.caller, peaks.agent],
      duration: peaks.duration_ms / 1000,
      height: 44,
      barWidth: 2,
      barGap: 1,
      barRadius: 2,
      maxPeak: Math.max(0.1, ...peaks.caller, ...peaks.agent),
      dragToSeek: true,
      hideScrollbar: true,
      cspNonce: nonce(),
    });
    drawn.current = surfer;
    setReady(true);
    return () => {
      drawn.current = null;
      setReady(false);
      surfer.destroy();
    };
  }, [box, player, peaks]);

  useEffect(() => {
    if (!ready || theme === '') return;
    const style = getComputedStyle(document.documentElement);
    const get = (name: string) => style.getPropertyValue(name).trim();
    const faint = (colour: string) => `color-mix(in srgb, ${colour} 45%, ${get('--surface')})`;
    const channel = (colour: string) => ({ waveColor: resolve(faint(colour)), progressColor: colour });
    drawn.current?.setOptions({
      cursorColor: get('--ink'),
      splitChannels: [channel(get('--c-user')), channel(get('--c-agent'))],
    });
  }, [ready, theme]);
}

/** A canvas takes no colour functions in every browser: let the style engine work it out. */
function resolve(colour: string): string {
  const probe = document.createElement('span');
  probe.style.color = colour;
  document.body.append(probe);
  const value = getComputedStyle(probe).color;
  probe.remove();
  return value;
}
