import { useCallback, useEffect, useRef, useState } from 'react';
import { ApiError } from '~/api/client';

export interface Sample {
  /** Address of what sounds or is about to; one at a time. */
  playing?: string;
  loading: boolean;
  error?: { of: string; problem: ApiError };
  toggle(address: string): void;
}

/** Plays samples of voices, one at a time. */
export function useSample(): Sample {
  const [state, setState] = useState<Omit<Sample, 'toggle'>>({ loading: false });
  const audio = useRef<HTMLAudioElement>(null);
  const request = useRef<AbortController>(null);
  const silence = useCallback(() => {
    request.current?.abort();
    audio.current?.pause();
    if (audio.current) URL.revokeObjectURL(audio.current.src);
    audio.current = null;
  }, []);
  useEffect(() => silence, [silence]);
  const toggle = async (address: string) => {
    silence();
    if (state.playing === address) return setState({ loading: false });
    const mine = new AbortController();
    request.current = mine;
    setState({ playing: address, loading: true });
    try {
      const answer = await fetch(address, { signal: mine.signal });
      if (!answer.ok) {
        const body = (await answer.json().catch(() => ({}))) as {
          code?: string;
          detail?: string;
          params?: Record<string, string>;
        };
        throw new ApiError(body.code ?? 'internal', answer.status, body.params ?? {}, body.detail ?? '');
      }
      const sound = new Audio(URL.createObjectURL(await answer.blob()));
      if (mine.signal.aborted) return URL.revokeObjectURL(sound.src);
      audio.current = sound;
      sound.onended = () => setState({ loading: false });
      await sound.play();
      setState({ playing: address, loading: false });
    } catch (cause) {
      if (mine.signal.aborted) return;
      const problem = cause instanceof ApiError ? cause : new ApiError('unreachable', 0, {}, String(cause));
      setState({ loading: false, error: { of: address, problem } });
    }
  };
  return { ...state, toggle: (address) => void toggle(address) };
}

/** The address of a voice's sample, with the words that it shall say. */
export function sampleAddress(path: string, text: string, language: string): string {
  const query = new URLSearchParams();
  if (text.trim() !== '') query.set('text', text.trim());
  if (language !== '') query.set('lang', language);
  return query.size > 0 ? `${path}?${query}` : path;
}
