import { useCallback, useEffect, useRef, useState } from 'react';
import type { Shown } from './chat';
import { type Bounds, type Chosen, choose } from './files';

/** The files that will go with the next message. */
export function useFiles(bounds: Bounds) {
  const [list, setList] = useState<Chosen[]>([]);
  const now = useRef(list);
  const set = useCallback((next: Chosen[]) => {
    now.current = next;
    setList(next);
  }, []);
  // Previews of what was sent stay: the message shows them.
  useEffect(
    () => () => {
      for (const f of now.current) if (f.preview) URL.revokeObjectURL(f.preview);
    },
    [],
  );
  const put = (c: Chosen) => {
    const at = now.current.findIndex((o) => o.id === c.id);
    // One that was taken away while it was read is not put back.
    if (at >= 0) set(now.current.with(at, c));
    else if (c.read === 0) set([...now.current, c]);
  };
  return {
    list,
    /** One of them is still being read. */
    busy: list.some((f) => f.status === 'reading'),
    add: (files: File[]) => {
      for (const f of files) choose(f, now.current, bounds, put);
    },
    remove: (id: string) => {
      const gone = now.current.find((f) => f.id === id);
      if (gone?.preview) URL.revokeObjectURL(gone.preview);
      set(now.current.filter((f) => f.id !== id));
    },
    /** Hands them over to a message. */
    take: (): Shown[] => {
      const ready = now.current.filter((f) => f.status === 'ready');
      set([]);
      return ready.map(({ name, type, size, data, preview }) => ({ name, type, size, data, preview }));
    },
    /** Of a message that did not arrive. */
    giveBack: (files: Shown[]) =>
      set([...files.map((f): Chosen => ({ ...f, id: crypto.randomUUID(), status: 'ready', read: 1 })), ...now.current]),
  };
}

export type Files = ReturnType<typeof useFiles>;
