import { useCallback, useEffect, useRef, useState, useSyncExternalStore } from 'react';
import { openMicrophone, openSocket, openSpeaker } from '~/live/audio';
import { type Call, isLive, isOver, newCall } from '~/live/call';
import { LiveClient } from '~/live/client';

const idle: Call = newCall();
const nothing = () => () => undefined;
const still = () => idle;

export interface Trial {
  call: Call;
  /** Speaking rather than writing. */
  aloud: boolean;
  /** What the agent was like when the conversation began: see begin. */
  state?: string;
  begin(agent: string, state: string, how: { aloud: boolean; greets: boolean }): void;
  /** Says something in writing, as soon as the agent has finished its greeting. */
  say(text: string): void;
  end(): void;
}

/** A conversation with an agent that is being made. It ends with the screen. */
export function useTry(): Trial {
  const [trial, setTrial] = useState<{ client: LiveClient; state: string; aloud: boolean; greets: boolean }>();
  const latest = useRef<LiveClient>(undefined);
  const waiting = useRef<string[]>([]);
  const client = trial?.client;
  const call = useSyncExternalStore(client?.subscribe ?? nothing, client?.getSnapshot ?? still);
  useEffect(() => {
    const leave = () => latest.current?.end('caller_left');
    window.addEventListener('pagehide', leave);
    return () => {
      window.removeEventListener('pagehide', leave);
      leave();
    };
  }, []);
  const greeted = !trial?.greets || (call.response === undefined && call.lines.some((l) => l.kind === 'agent'));
  const ready = isLive(call.state) && greeted;
  useEffect(() => {
    if (!ready) return;
    const next = waiting.current.shift();
    if (next) latest.current?.sendText(next);
  }, [ready]);
  return {
    call,
    aloud: trial?.aloud ?? false,
    state: trial?.state,
    begin: useCallback((agent, state, { aloud, greets }) => {
      latest.current?.end();
      const made = new LiveClient({
        agent,
        microphone: aloud,
        written: !aloud,
        openMicrophone,
        openSpeaker,
        openSocket,
        origin: window.location.origin,
      });
      latest.current = made;
      setTrial({ client: made, state, aloud, greets });
      void made.start();
    }, []),
    say: (text) => {
      if (ready && latest.current) latest.current.sendText(text);
      else waiting.current.push(text);
    },
    end: () => {
      waiting.current = [];
      if (latest.current && !isOver(latest.current.getSnapshot().state)) latest.current.end();
    },
  };
}
