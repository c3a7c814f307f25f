import type { Shown } from './chat';

/** What a person chose to show with a message, while it is read, and why it is refused. */
export interface Chosen extends Shown {
  id: string;
  status: 'reading' | 'ready' | 'refused';
  /** Share that is read, 0 to 1. */
  read: number;
  why?: 'size' | 'many' | 'total' | 'picture' | 'empty' | 'unreadable';
}

export interface Bounds {
  images: boolean;
  max_bytes: number;
  max_files: number;
}

/** The largest message, in bytes of files: base64 makes a third more of them, and the server takes 32 MB. */
export const maxTotal = 23 << 20;

/** Reads a file as base64. change is called as it goes on. */
export function choose(file: File, others: Chosen[], bounds: Bounds, change: (c: Chosen) => void): void {
  const kept = others.filter((o) => o.status !== 'refused');
  const name = file.name || `image.${file.type.split('/')[1] ?? 'png'}`;
  const chosen: Chosen = {
    id: crypto.randomUUID(),
    name,
    type: file.type,
    size: file.size,
    status: 'reading',
    read: 0,
  };
  const why = refusal(file, kept, bounds);
  if (why) {
    change({ ...chosen, status: 'refused', why });
    return;
  }
  change(chosen);
  const reader = new FileReader();
  reader.onprogress = (e) => e.lengthComputable && change({ ...chosen, read: e.loaded / e.total });
  reader.onerror = () => change({ ...chosen, status: 'refused', why: 'unreadable' });
  reader.onload = () => {
    const data = String(reader.result).replace(/^[^,]*,/, '');
    const preview = /^image\/(png|jpeg|webp|gif)$/.test(file.type) ? URL.createObjectURL(file) : undefined;
    change({ ...chosen, status: 'ready', read: 1, data, preview });
  };
  reader.readAsDataURL(file);
}

function refusal(file: File, kept: Chosen[], bounds: Bounds): Chosen['why'] {
  if (file.size === 0) return 'empty';
  if (file.size > bounds.max_bytes) return 'size';
  if (kept.length >= bounds.max_files) return 'many';
  if (kept.reduce((sum, o) => sum + o.size, file.size) > maxTotal) return 'total';
  if (/^image\/(png|jpeg|webp|gif)$/.test(file.type) && !bounds.images) return 'picture';
  return undefined;
}
