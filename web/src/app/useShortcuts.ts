import { useNavigate } from '@tanstack/react-router';
import { useEffect, useRef } from 'react';
import { screens } from '~/app/screens';
import { shortcutsOn } from '~/lib/shortcuts';

const secondKeyWithinMs = 1200;

interface Actions {
  search(): void;
  help(): void;
}

/** The keys that work on every screen: Ctrl or ⌘ K, and, unless they are switched off or a text is being written, "/", "?" and g with a second letter. */
export function useShortcuts(active: boolean, actions: Actions): void {
  const navigate = useNavigate();
  const latest = useRef({ actions, navigate });
  latest.current = { actions, navigate };
  useEffect(() => {
    if (!active) return;
    let first = { key: '', at: 0 };
    const onKey = (e: KeyboardEvent) => {
      if (e.defaultPrevented) return;
      const { actions: act, navigate: go } = latest.current;
      if ((e.ctrlKey || e.metaKey) && !e.altKey && !e.shiftKey && e.key.toLowerCase() === 'k') {
        e.preventDefault();
        act.search();
        return;
      }
      if (e.ctrlKey || e.metaKey || e.altKey || isBusy(e.target) || !shortcutsOn()) return;
      if (e.key === '/' || e.key === '?') {
        e.preventDefault();
        if (e.key === '/') act.search();
        else act.help();
        return;
      }
      const typed = e.timeStamp - first.at < secondKeyWithinMs ? first.key + e.key : '';
      first = { key: e.key, at: e.timeStamp };
      const screen = screens.find((s) => 'keys' in s && s.keys === typed);
      if (!screen) return;
      e.preventDefault();
      first = { key: '', at: 0 };
      void go({ to: screen.to });
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, [active]);
}

/** Whether a letter belongs to what has the focus: a text, a menu that is searched by letters, a dialog. */
function isBusy(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName)) return true;
  return target.closest('[role=dialog],[role=menu],[role=listbox]') !== null;
}
