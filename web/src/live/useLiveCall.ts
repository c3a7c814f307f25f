import { useEffect, useRef, useState, useSyncExternalStore } from 'react';
import { openMicrophone, openSocket, openSpeaker } from '~/live/audio';
import type { Call } from '~/live/call';
import { LiveClient } from '~/live/client';

export interface LiveCall {
  call: Call;
  client: LiveClient;
  /** Starts a conversation; one that is under way ends first. */
  start(microphone: boolean): void;
}

const make = (agent: string, microphone: boolean) =>
  new LiveClient({ agent, microphone, openMicrophone, openSpeaker, openSocket, origin: window.location.origin });

/** One conversation at a time with an agent, as long as the screen is shown. Leaving the screen, or the page, ends it. */
export function useLiveCall(agent: string): LiveCall {
  const [client, setClient] = useState(() => make(agent, false));
  const latest = useRef(client);
  const call = useSyncExternalStore(client.subscribe, client.getSnapshot);
  useEffect(() => {
    const leave = () => latest.current.end('caller_left');
    window.addEventListener('pagehide', leave);
    return () => {
      window.removeEventListener('pagehide', leave);
      leave();
    };
  }, []);
  const start = (microphone: boolean) => {
    latest.current.end();
    latest.current = make(agent, microphone);
    setClient(latest.current);
    void latest.current.start();
  };
  return { call, client, start };
}
