/** What was done, so that it can be undone. */
export interface History<T> {
  past: T[];
  present: T;
  future: T[];
  /** What the last change was about: the next one about the same belongs to it. */
  about?: string;
}

export type Move<T> =
  | { do: 'change'; to: (now: T) => T; about?: string }
  | { do: 'undo' }
  | { do: 'redo' }
  | { do: 'reset'; to: T };

const most = 200;

export const begin = <T>(present: T): History<T> => ({ past: [], present, future: [] });

export function move<T>(h: History<T>, m: Move<T>): History<T> {
  switch (m.do) {
    case 'change': {
      const next = m.to(h.present);
      if (next === h.present) return h;
      const same = m.about !== undefined && m.about === h.about;
      const past = same ? h.past : [...h.past, h.present].slice(-most);
      return { past, present: next, future: [], about: m.about };
    }
    case 'undo': {
      const before = h.past.at(-1);
      if (before === undefined) return h;
      return { past: h.past.slice(0, -1), present: before, future: [h.present, ...h.future] };
    }
    case 'redo': {
      const [after, ...rest] = h.future;
      if (after === undefined) return h;
      return { past: [...h.past, h.present], present: after, future: rest };
    }
    case 'reset':
      return begin(m.to);
  }
}
