/** Whether single letters are shortcuts in this browser: people who dictate, or whose hands slip, can switch them off (WCAG 2.1.4). */

const storageKey = 'shortcuts';

export function shortcutsOn(): boolean {
  try {
    return localStorage.getItem(storageKey) !== 'off';
  } catch {
    return true;
  }
}

export function setShortcuts(on: boolean): void {
  try {
    if (on) localStorage.removeItem(storageKey);
    else localStorage.setItem(storageKey, 'off');
  } catch {
    // A browser that keeps nothing forgets this, too.
  }
}
