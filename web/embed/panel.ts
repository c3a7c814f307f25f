// The conversation: in the frame of the widget, in a frame that a page puts around it, or as a page of its own.
import './panel.css';
import {
  type Down,
  inkOn,
  type Lang,
  type Looks,
  langOf,
  luminance,
  type Mode,
  type Problem,
  type State,
  type Theme,
  type Up,
  type Visit,
  version,
} from './bridge';
import { Chat } from './chat';
import { el, icon, iconButton } from './dom';
import { Refused, refusalOf, Server, unreachable } from './server';
import type { VoiceView } from './voice';
import { allWords, type Words } from './words';

/** What a view of the panel may ask of it. */
export interface Shell {
  readonly server: Server;
  readonly agent: string;
  readonly looks: Looks;
  readonly words: Words;
  readonly lang: Lang;
  readonly store: Store;
  readonly preview: boolean;
  greeting(): string;
  up(message: Up): void;
  state(state: State): void;
  /** Says something to who cannot see it. */
  say(text: string): void;
  wordsOf(cause: unknown): string;
  show(mode: Mode): void;
}

/** What stays in this tab when the page is loaded again: browsers that keep nothing do without. */
export class Store {
  readonly memory = new Map<string, string>();
  /** Told of what the browser does not keep. */
  lost?: (name: string, value: string) => void;
  constructor(private readonly prefix: string) {}
  get(name: string): string {
    try {
      return sessionStorage.getItem(this.prefix + name) ?? '';
    } catch {
      return this.memory.get(name) ?? '';
    }
  }
  set(name: string, value: string): void {
    try {
      if (value) sessionStorage.setItem(this.prefix + name, value);
      else sessionStorage.removeItem(this.prefix + name);
    } catch {
      this.memory.set(name, value);
      this.lost?.(name, value);
    }
  }
}

const agent = decodeURIComponent(
  /\/(?:embed\/agent|embed|azure-avatar\/embed|text-agents)\/([^/]+)/.exec(location.pathname)?.[1] ?? '',
);
const query = new URLSearchParams(location.search);
const place =
  location.hash === '#widget' && parent !== window
    ? 'widget'
    : location.hash === '#preview' && parent !== window
      ? 'preview'
      : 'page';
/** A page of its own takes the focus; one in a frame leaves it to the page around it, until somebody comes in. */
const alone = place === 'page' && window.parent === window;

class Panel implements Shell {
  readonly agent = agent;
  readonly preview = place === 'preview';
  readonly store = new Store(`griot.${agent}.`);
  readonly server: Server;
  private readonly kept: { token: string; keep(token: string): void };
  looks!: Looks;
  lang: Lang = langOf(query.get('lang')) ?? langOf(navigator.language) ?? 'en';
  private theme: Theme = 'auto';
  private mode: Mode = 'text';
  private color = '';
  private welcome?: string;
  private closable = false;
  private port?: MessagePort;
  private readonly visits = new Map<number, { done(v: Visit): void; failed(cause: unknown): void }>();
  private asked = 0;
  private readonly live = el('div', { class: 'quiet', role: 'status', 'aria-live': 'polite' });
  private view?: {
    root: HTMLElement;
    focus(): void;
    reset(): void;
    leave(): void;
    redraw(): void;
    send?(text: string): void;
  };
  private chat?: Chat;
  private opened = false;
  private mute?: ReturnType<typeof setTimeout>;

  constructor() {
    const { store } = this;
    this.kept = { token: store.get('visit'), keep: (token: string) => store.set('visit', token) };
    this.server = new Server(
      agent,
      (previous) => this.enter(previous),
      this.kept,
      () => this.lang,
    );
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.paint());
    document.addEventListener('keydown', (e) => this.key(e));
  }

  get words(): Words {
    return allWords[this.lang];
  }

  greeting(): string {
    return this.welcome ?? this.looks.greeting;
  }

  begin(): void {
    if (place === 'widget') {
      window.addEventListener('message', (e) => {
        if (e.source !== parent || e.data?.griot !== 'port' || e.data.v !== version || !e.ports[0]) return;
        this.port = e.ports[0];
        this.port.onmessage = (m: MessageEvent<Down>) => this.hear(m.data);
      });
      parent.postMessage({ griot: 'hello', v: version }, '*'); // it says nothing but that there is somebody
    } else if (place === 'preview') {
      window.addEventListener('message', (e) => {
        if (e.source !== parent || e.origin !== location.origin || e.data?.griot !== 'preview') return;
        const { looks, lang } = e.data as { looks: Looks; lang: Lang };
        this.lang = langOf(looks.words) ?? lang;
        this.setUp(looks, looks.theme, looks.text ? 'text' : 'voice', looks.color);
        this.draw();
      });
      parent.postMessage({ griot: 'hello', v: version }, location.origin);
    } else void this.alone();
  }

  /** Without a widget around it: everything that there is to know comes with the visit. */
  private async alone(): Promise<void> {
    try {
      const { agent: looks } = await this.server.visited();
      this.lang = langOf(query.get('lang')) ?? langOf(looks.words) ?? this.lang;
      const theme = query.get('theme');
      const mode =
        query.get('mode') === 'voice' || !looks.text || location.pathname.startsWith('/azure-avatar/')
          ? 'voice'
          : 'text';
      this.setUp(
        looks,
        theme === 'light' || theme === 'dark' ? theme : looks.theme,
        looks.voice ? mode : 'text',
        looks.color,
      );
      this.draw();
    } catch (cause) {
      this.fail(cause);
    }
  }

  private async enter(previous: string): Promise<Visit> {
    if (place === 'widget') {
      const id = ++this.asked;
      return new Promise<Visit>((done, failed) => {
        this.visits.set(id, { done, failed });
        this.up({ t: 'visit', id, previous });
      });
    }
    let answer: Response;
    try {
      answer = await fetch(`/embed/v1/agents/${encodeURIComponent(agent)}/session`, {
        method: 'POST',
        credentials: 'omit',
        headers: { 'Content-Type': 'application/json', 'Accept-Language': this.lang },
        body: JSON.stringify(previous ? { previous } : {}),
      });
    } catch (cause) {
      throw unreachable(cause);
    }
    if (!answer.ok) throw await refusalOf(answer);
    return answer.json();
  }

  private hear(m: Down): void {
    switch (m.t) {
      case 'setup':
        this.lang = m.lang;
        this.welcome = m.greeting;
        this.closable = m.closable;
        this.mode = m.mode;
        this.theme = m.theme;
        this.color = m.color;
        this.store.memory.set('visit', m.kept.visit);
        this.store.memory.set('session', m.kept.session);
        this.store.lost = (name, value) => {
          if (name === 'visit' || name === 'session') this.up({ t: 'keep', name, value });
        };
        this.kept.token = this.store.get('visit');
        return;
      case 'visit': {
        const waiting = this.visits.get(m.id);
        this.visits.delete(m.id);
        if (m.visit) waiting?.done(m.visit);
        else waiting?.failed(new Refused(m.problem as Problem));
        return;
      }
      case 'open':
        this.opened = true;
        void this.ready().then(() => this.opened && this.view?.focus());
        return;
      case 'closed':
        this.opened = false;
        return;
      case 'send':
        void this.ready().then((ok) => {
          if (!ok) return;
          this.show('text');
          this.chat?.send(m.text);
        });
        return;
      case 'reset':
        void this.ready().then((ok) => ok && this.view?.reset());
        return;
      case 'user':
        this.server.forget();
        this.store.set('session', '');
        this.chat?.reset();
        return;
      case 'lang':
        this.lang = m.lang;
        if (this.view) this.draw();
        return;
    }
  }

  private starting?: Promise<boolean>;

  /** In the widget: the visit, and then the conversation, once. */
  private ready(): Promise<boolean> {
    this.starting ??= this.server.visited().then(
      ({ agent: looks }) => {
        const mode = this.mode === 'voice' && looks.voice ? 'voice' : looks.text ? 'text' : 'voice';
        this.setUp(looks, this.theme, mode, this.color || looks.color);
        this.draw();
        return true;
      },
      (cause) => {
        this.starting = undefined;
        this.fail(cause);
        return false;
      },
    );
    return this.starting;
  }

  private setUp(looks: Looks, theme: Theme, mode: Mode, color: string): void {
    this.looks = looks;
    this.theme = theme;
    this.mode = mode;
    this.color = color;
  }

  private paint(): void {
    const root = document.documentElement;
    const dark = this.theme === 'dark' || (this.theme === 'auto' && matchMedia('(prefers-color-scheme: dark)').matches);
    root.dataset.theme = dark ? 'dark' : 'light';
    root.lang = this.lang;
    if (!/^#[0-9a-f]{6}$/i.test(this.color)) return;
    root.style.setProperty('--brand', this.color);
    root.style.setProperty('--on-brand', inkOn(this.color));
    // As text on the panel's ground the colour has to be dark enough, or light enough.
    const readable = dark ? luminance(this.color) > 0.3 : luminance(this.color) < 0.14;
    root.style.setProperty('--brand-ink', readable ? this.color : dark ? '#c9a9f0' : '#3b2a63');
  }

  private draw(): void {
    const { words: w, looks } = this;
    this.paint();
    document.title = `${looks.name} · ${w.ai}`;
    const names = el(
      'div',
      { class: 'names' },
      el('h1', {}, looks.name),
      el('p', {}, this.preview ? `${w.ai} · ${w.preview}` : w.ai),
    );
    const head = el('header', {}, mark(looks), names);
    head.append(iconButton('restart', w.restart, () => this.view?.reset()));
    if (this.closable) head.append(iconButton('close', w.close, () => this.up({ t: 'close' })));
    const before = this.view;
    const typed = this.chat?.draft;
    before?.leave();
    this.chat = undefined;
    this.view = undefined;
    document.body.replaceChildren(head, el('main'), this.live);
    this.show(this.mode);
    if (typed) (this.chat as Chat | undefined)?.fill(typed);
  }

  show(mode: Mode): void {
    const main = document.querySelector('main');
    if (!main || (this.view && this.mode === mode)) return;
    const again = this.view !== undefined;
    this.view?.leave();
    this.view = undefined;
    this.mode = mode;
    if (mode === 'text') {
      this.chat = new Chat(this);
      this.view = this.chat;
      main.replaceChildren(this.chat.root);
      if (again || alone) this.chat.focus();
      return;
    }
    this.chat = undefined;
    main.replaceChildren(el('div', { class: 'loading' }));
    import('./voice').then(
      ({ VoiceView }) => {
        if (this.mode !== 'voice' || this.view) return;
        const voice: VoiceView = new VoiceView(this);
        this.view = voice;
        main.replaceChildren(voice.root);
        if (again || alone || this.opened) voice.focus();
      },
      (cause) => this.fail(unreachable(cause)),
    );
  }

  private fail(cause: unknown): void {
    this.paint();
    const text = this.wordsOf(cause);
    const w = this.words;
    const card = el('div', { class: 'failed', role: 'alert' }, el('p', {}, text));
    const again = el('button', { type: 'button', class: 'plain' }, w.again);
    again.addEventListener('click', () => {
      card.remove();
      if (place === 'widget') void this.ready();
      else void this.alone();
    });
    card.append(again);
    const head = el('header', {}, el('div', { class: 'names' }, el('h1', {}, w.conversation)));
    if (this.closable) head.append(iconButton('close', w.close, () => this.up({ t: 'close' })));
    document.body.replaceChildren(head, el('main', {}, card), this.live);
    if (this.opened) again.focus();
    const code = cause instanceof Refused ? cause.problem.code : 'failed';
    this.up({ t: 'error', code, message: text });
    this.state('failed');
  }

  wordsOf(cause: unknown): string {
    const w = this.words.problem;
    const other = w.other ?? '';
    if (!(cause instanceof Refused)) return other;
    return (
      w[cause.problem.code] ??
      (cause.problem.status >= 400 && cause.problem.status < 500 ? cause.problem.detail || other : other)
    );
  }

  up(message: Up): void {
    if (this.port) this.port.postMessage(message);
  }

  private said?: State;

  state(state: State): void {
    if (this.said === state) return;
    this.said = state;
    this.up({ t: 'state', state });
  }

  say(text: string): void {
    clearTimeout(this.mute);
    this.live.textContent = text;
    this.mute = setTimeout(() => {
      this.live.textContent = '';
    }, 8000);
  }

  /** Escape leaves for the page; the tab key goes round, as in a dialog, and does not get lost in the page behind. */
  private key(e: KeyboardEvent): void {
    if (place !== 'widget' || !this.closable) return;
    if (e.key === 'Escape') {
      this.up({ t: 'close' });
      return;
    }
    if (e.key !== 'Tab') return;
    const all = [...document.querySelectorAll<HTMLElement>('button, a[href], textarea, input, [tabindex="0"]')].filter(
      (x) => !x.hasAttribute('disabled') && x.tabIndex >= 0 && x.getClientRects().length > 0,
    );
    const first = all[0];
    const last = all.at(-1);
    const at = document.activeElement;
    if (e.shiftKey && (at === first || at === document.body)) {
      e.preventDefault();
      last?.focus();
    } else if (!e.shiftKey && at === last) {
      e.preventDefault();
      first?.focus();
    }
  }
}

const pairs = [
  ['#7b3fc4', '#2f7fe0'],
  ['#5d20a1', '#b8418a'],
  ['#0f7d73', '#2f6fd0'],
  ['#a5560a', '#b8418a'],
  ['#4a148c', '#0f7d73'],
  ['#1565c0', '#7b3fc4'],
] as const;

/** The mark of the agent: its picture or emoji, else as in the console a gradient that follows from its name, with initials. */
export function mark({ name, avatar }: Looks): HTMLElement {
  if (/^(https:\/\/|\/)/.test(avatar)) {
    const picture = el('img', { class: 'orb', alt: '', src: avatar, referrerpolicy: 'no-referrer' });
    picture.addEventListener('error', () => picture.replaceWith(mark({ name, avatar: '' } as Looks)), { once: true });
    return picture;
  }
  let h = 7;
  for (const char of name) h = (h * 31 + (char.codePointAt(0) ?? 0)) >>> 0;
  const [from, to] = pairs[h % pairs.length] ?? pairs[0];
  const initials = name
    .split(/\s+/)
    .filter((x) => /\p{L}/u.test(x.charAt(0)))
    .slice(0, 2)
    .map((x) => x.charAt(0).toLocaleUpperCase());
  const orb = el('span', { class: 'orb', 'aria-hidden': 'true' }, avatar || initials.join(''));
  orb.style.background = `linear-gradient(${h % 360}deg, ${from}, ${to})`;
  return orb;
}

export { icon };

new Panel().begin();
