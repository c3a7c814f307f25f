import { useEffect, useState } from 'react';

/** The page's clock (performance.now), once a second while it runs. */
export function useSeconds(running: boolean): number {
  const [now, setNow] = useState(() => performance.now());
  useEffect(() => {
    if (!running) return;
    const timer = setInterval(() => setNow(performance.now()), 1000);
    return () => clearInterval(timer);
  }, [running]);
  return now;
}
