import { laneSeconds } from '~/live/client';
import type { Levels } from '~/live/levels';

/** A time in which a tool was at work; open at the end while it still is. Times of performance.now(). */
export interface ToolBand {
  from: number;
  to?: number;
}

interface Palette {
  user: string;
  agent: string;
  tool: string;
  line: string;
}

const step = 4; // pixels from one bar to the next
const bar = 2.6;

/** The theme's colours as a canvas needs them. */
export function colours(el: Element): Palette {
  const style = getComputedStyle(el);
  const get = (name: string) => style.getPropertyValue(name).trim();
  return { user: get('--c-user'), agent: get('--c-agent'), tool: get('--s-tool'), line: get('--line') };
}

/** Draws one picture: the caller's bars upwards from the middle, the agent's downwards, tools as bands. */
export function draw(
  g: CanvasRenderingContext2D,
  el: HTMLCanvasElement,
  palette: Palette,
  levels: { caller: Levels; agent: Levels },
  bands: readonly ToolBand[],
  now: number,
): void {
  const ratio = window.devicePixelRatio || 1;
  const width = el.clientWidth;
  const height = el.clientHeight;
  if (el.width !== Math.round(width * ratio) || el.height !== Math.round(height * ratio)) {
    el.width = Math.round(width * ratio);
    el.height = Math.round(height * ratio);
  }
  g.setTransform(ratio, 0, 0, ratio, 0, 0);
  g.clearRect(0, 0, width, height);
  const span = laneSeconds * 1000;
  const middle = height / 2;
  const x = (time: number) => width - ((now - time) / span) * width;

  g.fillStyle = palette.line;
  g.fillRect(0, middle - 0.5, width, 1);

  g.fillStyle = palette.tool;
  for (const band of bands) {
    const from = x(band.from);
    const to = Math.max(x(band.to ?? now), from + 3);
    if (to < 0) continue;
    g.globalAlpha = 0.16;
    g.fillRect(from, 0, to - from, height);
    g.globalAlpha = 1;
    g.fillRect(from, middle - 1.5, to - from, 3);
  }

  // A bar belongs to a fixed stretch of time, so that it moves to the left without changing its height.
  const stretch = (span * step) / width;
  const newest = Math.floor(now / stretch);
  const reach = middle - 5;
  const column = (level: number, at: number, up: boolean) => {
    const tall = Math.max(2, level * reach);
    g.beginPath();
    g.roundRect(at, up ? middle - 2 - tall : middle + 2, bar, tall, bar / 2);
    g.fill();
  };
  for (const [lane, colour, up] of [
    [levels.caller, palette.user, true],
    [levels.agent, palette.agent, false],
  ] as const) {
    g.fillStyle = colour;
    for (let k = newest; k > newest - width / step - 1; k--) {
      const level = lane.max(k * stretch, (k + 1) * stretch);
      if (level > 0.02) column(level, x(k * stretch), up);
    }
  }
}
