import { useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import type { Call } from '~/live/call';
import { type LiveClient, laneSeconds } from '~/live/client';
import { colours, draw, type ToolBand } from './drawLanes';
import classes from './Lanes.module.css';

/** Both voices of the last seconds on one axis, drawn at the rate of the screen and outside of React. */
export function Lanes({ client, call }: { client: LiveClient; call: Call }) {
  const { t } = useTranslation('session');
  const canvas = useRef<HTMLCanvasElement>(null);
  const bands = useRef<ToolBand[]>([]);
  bands.current = bandsOf(call);

  useEffect(() => {
    const el = canvas.current;
    const g = el?.getContext('2d');
    if (!el || !g) return;
    let palette = colours(el);
    let timer = 0;
    let last = 0;
    const calm = window.matchMedia('(prefers-reduced-motion: reduce)').matches;
    const frame = (now: number) => {
      timer = requestAnimationFrame(frame);
      if (calm && now - last < 500) return;
      last = now;
      draw(g, el, palette, client.levels, bands.current, performance.now());
    };
    timer = requestAnimationFrame(frame);
    const watch = new MutationObserver(() => {
      palette = colours(el);
    });
    watch.observe(document.documentElement, { attributes: true, attributeFilter: ['data-mantine-color-scheme'] });
    return () => {
      cancelAnimationFrame(timer);
      watch.disconnect();
    };
  }, [client]);

  return (
    <div className={classes.lanes}>
      <canvas ref={canvas} role="img" aria-label={t('lanes.label', { seconds: laneSeconds })} />
    </div>
  );
}

/** When tools were at work, on the page's clock. */
function bandsOf(call: Call): ToolBand[] {
  const origin = call.openedAt ?? 0;
  return call.lines.flatMap((l) =>
    l.kind === 'tool'
      ? [{ from: origin + l.at, to: l.status === 'called' ? undefined : origin + l.at + (l.tookMs ?? 0) }]
      : [],
  );
}
