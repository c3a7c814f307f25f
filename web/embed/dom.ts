type Child = Node | string | false | null | undefined;

/** An element with attributes and children. Text stays text: nothing here writes HTML. */
export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Record<string, string | boolean | (() => void)> = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const e = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') e.addEventListener(name, value);
    else if (value === true) e.setAttribute(name, '');
    else if (value !== false) e.setAttribute(name, value);
  }
  for (const c of children) if (c) e.append(c);
  return e;
}

const shapes = {
  restart: 'M4 12a8 8 0 1 0 2.6-5.9L4 8.5M4 4v4.5h4.5',
  close: 'M6 6l12 12M18 6L6 18',
  send: 'M4 12h15M13 6l6 6-6 6',
  stop: 'M8 8h8v8H8z',
  clip: 'M15.5 8.5l-6 6a2 2 0 0 0 3 3l6-6a4 4 0 0 0-6-6l-6 6a6 6 0 0 0 8.5 8.5l5.5-5.5',
  mic: 'M12 3.5a3 3 0 0 1 3 3v5a3 3 0 0 1-6 0v-5a3 3 0 0 1 3-3zM5.5 11a6.5 6.5 0 0 0 13 0M12 17.5V21',
  micOff:
    'M4 4l16 16M9 9v2.5a3 3 0 0 0 4.6 2.5M15 11.5v-5a3 3 0 0 0-5.7-1.3M5.5 11a6.5 6.5 0 0 0 9.8 5.6M18.5 11a6.4 6.4 0 0 1-.6 2.7M12 17.5V21',
  chat: 'M4 5.5h16v11H10.5L6 20v-3.5H4z',
  hand: 'M12 12m-8.5 0a8.5 8.5 0 1 0 17 0a8.5 8.5 0 1 0-17 0M9.500 9v6M14.500 9v6',
};

export type Shape = keyof typeof shapes;

export function icon(shape: Shape): SVGSVGElement {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('aria-hidden', 'true');
  const path = document.createElementNS('http://www.w3.org/2000/svg', 'path');
  path.setAttribute('d', shapes[shape]);
  svg.append(path);
  return svg;
}

export function iconButton(shape: Shape, label: string, click: () => void, className = 'icon'): HTMLButtonElement {
  const b = el('button', { type: 'button', class: className, 'aria-label': label, title: label, click });
  b.append(icon(shape));
  return b;
}
