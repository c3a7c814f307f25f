/** Whether the server has just said that it no longer knows who asks: the shell then asks for the password, in place. */
let is = false;
const listeners = new Set<() => void>();

export const signedOut = {
  get: () => is,
  set(value: boolean): void {
    if (is === value) return;
    is = value;
    for (const tell of listeners) tell();
  },
  subscribe(tell: () => void): () => void {
    listeners.add(tell);
    return () => listeners.delete(tell);
  },
};
