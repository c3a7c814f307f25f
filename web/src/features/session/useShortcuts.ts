import { useEffect, useRef } from 'react';
import { isLive } from '~/live/call';
import type { LiveCall } from '~/live/useLiveCall';

/** M mutes, Escape interrupts the agent, Ctrl+Enter asks to end. Single letters mean nothing while a text is being written. */
export function useShortcuts(live: LiveCall, askToEnd: () => void): void {
  const latest = useRef({ live, askToEnd });
  latest.current = { live, askToEnd };
  useEffect(() => {
    const onKey = (e: KeyboardEvent) => {
      const { call, client } = latest.current.live;
      if (!isLive(call.state) || e.defaultPrevented) return;
      if (e.key === 'Enter' && (e.ctrlKey || e.metaKey)) {
        e.preventDefault();
        latest.current.askToEnd();
      } else if (e.key === 'Escape') {
        client.interrupt();
      } else if (e.key.toLowerCase() === 'm' && !e.ctrlKey && !e.metaKey && !e.altKey && !isWriting(e.target)) {
        if (call.mic.state === 'on' || call.mic.state === 'muted') client.setMuted(call.mic.state === 'on');
      }
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, []);
}

function isWriting(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
  );
}
