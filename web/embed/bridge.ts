/** What the widget on the page of others and the conversation in its frame say to each other, over a port that both know since their greeting. */

export const version = 1;

/** How an agent shows itself: EmbedLooks of the API. */
export interface Looks {
  id: string;
  name: string;
  language: string;
  words: 'auto' | Lang;
  greeting: string;
  suggestions: string[];
  text: boolean;
  voice: boolean;
  position: Position;
  color: string;
  avatar: string;
  theme: Theme;
  label: string;
  identity: 'off' | 'optional' | 'required';
}

export type Lang = 'en' | 'fr' | 'es';
export type Theme = 'auto' | 'light' | 'dark';
export type Position = 'bottom-right' | 'bottom-left';
export type Mode = 'text' | 'voice';

/** EmbedVisit of the API. */
export interface Visit {
  token: string;
  expires_at: string;
  visitor: string;
  agent: Looks;
}

/** A problem of the API (RFC 9457), or what stands for one that could not be read. */
export interface Problem {
  status: number;
  code: string;
  detail: string;
}

export type State = 'idle' | 'connecting' | 'listening' | 'thinking' | 'speaking' | 'writing' | 'ended' | 'failed';

/** What a conversation is found again by, where the browser keeps nothing for frames of other sites: then the page's tab keeps it. */
export interface Kept {
  visit: string;
  session: string;
}

/** From the page to the frame. */
export type Down =
  | { t: 'setup'; lang: Lang; theme: Theme; mode: Mode; color: string; greeting: string; closable: boolean; kept: Kept }
  | { t: 'visit'; id: number; visit?: Visit; problem?: Problem }
  | { t: 'open' }
  | { t: 'closed' }
  | { t: 'send'; text: string }
  | { t: 'reset' }
  | { t: 'user' }
  | { t: 'lang'; lang: Lang };

/** From the frame to the page. */
export type Up =
  | { t: 'visit'; id: number; previous: string }
  | { t: 'close' }
  | { t: 'keep'; name: keyof Kept; value: string }
  | { t: 'message'; role: 'user' | 'assistant'; content: string; sessionId: string }
  | { t: 'tool'; tool: string }
  | { t: 'state'; state: State }
  | { t: 'error'; code: string; message: string };

export function langOf(tag: string | null | undefined): Lang | undefined {
  const base = (tag ?? '').slice(0, 2).toLowerCase();
  return base === 'en' || base === 'fr' || base === 'es' ? base : undefined;
}

/** Black or white, whichever is easier to read on a colour (WCAG 2.2, relative luminance). */
export function inkOn(color: string): '#ffffff' | '#1b1725' {
  return luminance(color) > 0.24 ? '#1b1725' : '#ffffff';
}

export function luminance(color: string): number {
  const part = (at: number) => {
    const v = Number.parseInt(color.slice(at, at + 2), 16) / 255;
    return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5);
}
