import { useCallback, useEffect, useRef, useState, useSyncExternalStore } from 'react';
import { PeerCall, type PeerPorts, type PeerView } from '~/live/peercall';

export interface PeerHandle {
  view: PeerView;
  call: PeerCall;
  /** Opens a call; the one before must be over. */
  start(withMicrophone: boolean, ports: PeerPorts): void;
  /** Puts a call that is over away. */
  clear(): void;
  /** There was a call before. */
  again: boolean;
}

/** The page's call over WebRTC. It ends with the page. */
export function usePeerCall(): PeerHandle {
  const [call, setCall] = useState(() => new PeerCall(none));
  const [again, setAgain] = useState(false);
  const view = useSyncExternalStore(call.subscribe, call.getSnapshot);
  const current = useRef(call);
  current.current = call;
  useEffect(() => {
    const leave = () => current.current.hangUp();
    window.addEventListener('pagehide', leave);
    return () => {
      window.removeEventListener('pagehide', leave);
      if (current.current.getSnapshot().state.name !== 'idle') leave();
    };
  }, []);
  const start = useCallback((withMicrophone: boolean, ports: PeerPorts) => {
    const next = new PeerCall(ports);
    setCall(next);
    void next.start(withMicrophone);
  }, []);
  const clear = useCallback(() => {
    setCall(new PeerCall(none));
    setAgain(true);
  }, []);
  return { view, call, start, clear, again };
}

const refuse = () => Promise.reject(new Error('there is no call'));
const none: PeerPorts = {
  askForMicrophone: refuse,
  newPeer: () => {
    throw new Error('there is no call');
  },
  iceServers: refuse,
  create: refuse,
  end: refuse,
  play: refuse,
  silence: () => undefined,
};
