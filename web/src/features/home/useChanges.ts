import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';

/** Asks for the figures anew whenever the server says that they have changed. False while it cannot be heard. */
export function useChanges(): boolean {
  const queries = useQueryClient();
  const [connected, setConnected] = useState(true);
  useEffect(() => {
    if (typeof EventSource === 'undefined') return;
    let source: EventSource | undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const open = () => {
      source = new EventSource('/api/overview/events');
      source.onopen = () => setConnected(true);
      source.onerror = () => {
        setConnected(false);
        if (source?.readyState !== EventSource.CLOSED) return; // it tries again by itself, with the last event's id
        timer = setTimeout(open, 5_000);
      };
      source.addEventListener('changed', () => {
        void queries.invalidateQueries({ queryKey: ['overview'] });
        void queries.invalidateQueries({ queryKey: ['conversations', 'live'] });
      });
    };
    open();
    return () => {
      clearTimeout(timer);
      source?.close();
    };
  }, [queries]);
  return connected;
}
