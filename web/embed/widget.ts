// The script that pages of others load: a button, and behind it a frame of ours with the conversation. It runs among scripts that may have changed anything, so it walks no
// arrays with their own methods, writes no HTML, sets no style attribute, and leaves nothing behind but the globals of its documentation.
import type { Down, Lang, Looks, Mode, Position, Problem, State, Theme, Up, Visit } from './bridge';
import { inkOn, langOf, version } from './bridge';
import css from './widget.css?inline';

/** Who a visitor is, as the page's server has signed it: a JWT, or an id with its HMAC. */
interface User {
  token?: string;
  id?: string;
  hash?: string;
}

interface Options {
  agentId: string;
  position?: Position;
  primaryColor?: string;
  welcomeMessage?: string;
  onMessage?: (message: Message) => void;
  locale?: string;
  theme?: Theme;
  mode?: Mode;
  container?: string | Element;
  zIndex?: number;
  label?: string;
  user?: User;
  /** Where the server is; that of the script when left out. */
  server?: string;
  /** For browsers without constructed style sheets on a page that allows styles by a nonce. */
  nonce?: string;
}

interface Message {
  role: 'user' | 'assistant';
  content: string;
  sessionId: string;
}

type EventName = 'ready' | 'open' | 'close' | 'message' | 'toolCall' | 'stateChange' | 'error';
// biome-ignore lint/suspicious/noExplicitAny: each event has its own data; the documentation lists it
type Listener = (data: any) => void;

const script = document.currentScript instanceof HTMLScriptElement ? document.currentScript : null;
const home = script?.src ? new URL(script.src).origin : location.origin;
// Taken before another script changes them.
const ask = window.fetch.bind(window);
const later = window.setTimeout.bind(window);

const words: Record<Lang, { text: string; voice: string; close: string; unread: string; title: string }> = {
  en: {
    text: 'Chat with',
    voice: 'Talk to',
    close: 'Close the conversation',
    unread: 'new',
    title: 'Conversation with',
  },
  fr: {
    text: 'Écrire à',
    voice: 'Parler à',
    close: 'Fermer la conversation',
    unread: 'nouveau',
    title: 'Conversation avec',
  },
  es: {
    text: 'Escribir a',
    voice: 'Hablar con',
    close: 'Cerrar la conversación',
    unread: 'nuevo',
    title: 'Conversación con',
  },
};

const shapes = {
  text: 'M4 5.5h16v11H10.5L6 20v-3.5H4z',
  voice: 'M12 3.5a3 3 0 0 1 3 3v5a3 3 0 0 1-6 0v-5a3 3 0 0 1 3-3zM5.5 11a6.5 6.5 0 0 0 13 0M12 17.5V21',
  close: 'M6 6l12 12M18 6L6 18',
};

function picture(shape: keyof typeof shapes): SVGSVGElement {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('aria-hidden', 'true');
  const path = document.createElementNS('http://www.w3.org/2000/svg', 'path');
  path.setAttribute('d', shapes[shape]);
  svg.append(path);
  return svg;
}

/** How many buttons stand in each corner already: the next one stands above. */
const corners = { 'bottom-right': 0, 'bottom-left': 0 };

class Widget {
  private readonly listeners = new Map<string, Set<Listener>>();
  private readonly server: string;
  private readonly mode: Mode;
  private host?: HTMLElement;
  private root?: ShadowRoot;
  private button?: HTMLButtonElement;
  private badge?: HTMLElement;
  private panel?: HTMLElement;
  private frame?: HTMLIFrameElement;
  private port?: MessagePort;
  private looks?: Looks;
  private corner?: Position;
  private opened = false;
  private wanted = false;
  private gone = false;
  private unread = 0;
  private user: User | undefined;
  private lang: Lang;
  private readonly waiting = new Set<Down>();

  constructor(
    private readonly options: Options,
    kind: Mode,
  ) {
    this.server = options.server ? new URL(options.server, location.href).origin : home;
    this.mode = options.mode === 'text' || options.mode === 'voice' ? options.mode : kind;
    this.user = options.user;
    this.lang = this.language();
    if (typeof options.onMessage === 'function') this.on('message', options.onMessage);
    void this.load();
  }

  on(name: EventName, listener: Listener): this {
    let set = this.listeners.get(name);
    if (!set) {
      set = new Set();
      this.listeners.set(name, set);
    }
    set.add(listener);
    if (name === 'ready' && this.host) later(() => this.call(listener, { agentId: this.options.agentId }), 0);
    return this;
  }

  off(name: EventName, listener: Listener): this {
    this.listeners.get(name)?.delete(listener);
    return this;
  }

  open(): this {
    this.wanted = true;
    if (!this.host || this.gone || this.opened) return this;
    this.opened = true;
    if (!this.frame) this.build();
    if (this.panel) this.panel.hidden = false;
    this.unread = 0;
    this.draw();
    this.remember(true);
    this.tell({ t: 'open' });
    this.frame?.focus();
    this.emit('open', {});
    return this;
  }

  close(): this {
    this.wanted = false;
    if (!this.opened || this.options.container) return this;
    this.opened = false;
    const within = this.root?.activeElement === this.frame;
    if (this.panel) this.panel.hidden = true;
    this.draw();
    this.remember(false);
    this.tell({ t: 'closed' });
    if (within || document.activeElement === document.body || document.activeElement === this.host)
      this.button?.focus();
    this.emit('close', {});
    return this;
  }

  sendMessage(text: string): this {
    if (typeof text !== 'string' || text.trim() === '') return this;
    this.tell({ t: 'send', text });
    return this.open();
  }

  resetSession(): this {
    this.tell({ t: 'reset' });
    return this;
  }

  setUser(user?: User | null): this {
    this.user = user ?? undefined;
    this.tell({ t: 'user' });
    return this;
  }

  setLocale(locale: string): this {
    this.lang = langOf(locale) ?? this.lang;
    this.draw();
    this.tell({ t: 'lang', lang: this.lang });
    return this;
  }

  destroy(): void {
    if (this.gone) return;
    this.gone = true;
    window.removeEventListener('message', this.greeted);
    this.port?.close();
    this.host?.remove();
    if (this.corner) corners[this.corner]--;
    this.listeners.clear();
  }

  private language(): Lang {
    const chosen = this.looks?.words;
    return (
      langOf(this.options.locale) ??
      (chosen && chosen !== 'auto' ? chosen : undefined) ??
      langOf(document.documentElement.lang) ??
      langOf(navigator.language) ??
      'en'
    );
  }

  private async load(): Promise<void> {
    await new Promise<void>((done) => {
      const begin = () => {
        if (typeof window.requestIdleCallback === 'function')
          window.requestIdleCallback(() => done(), { timeout: 1500 });
        else later(done, 1);
      };
      if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', begin, { once: true });
      else begin();
    });
    const answer = await this.request<Looks>('', undefined);
    if (this.gone) return;
    if (!answer.body) {
      const problem = answer.problem as Problem;
      console.warn(
        problem.status === 0
          ? `[griot] The agent ${this.options.agentId} cannot be shown on ${location.origin}. Is this domain among those that the agent allows, and does the page's Content-Security-Policy allow connect-src and frame-src ${this.server}?`
          : `[griot] The agent ${this.options.agentId} cannot be shown: ${problem.detail}`,
      );
      this.emit('error', { code: problem.code, message: problem.detail });
      return;
    }
    this.looks = answer.body;
    this.lang = this.language();
    this.show(answer.body);
  }

  private show(looks: Looks): void {
    const { options } = this;
    const host = document.createElement('div');
    const root = host.attachShadow({ mode: 'open' });
    this.style(root);
    const color = /^#[0-9a-f]{6}$/i.test(options.primaryColor ?? '') ? (options.primaryColor as string) : looks.color;
    host.style.setProperty('--griot-color', color);
    host.style.setProperty('--griot-ink', inkOn(color));
    // The largest there is. In the style sheet the tools that make it smaller would round it.
    host.style.setProperty('--griot-z', String(typeof options.zIndex === 'number' ? options.zIndex : 2147483647));
    const place = typeof options.container === 'string' ? document.querySelector(options.container) : options.container;
    this.host = host;
    this.root = root;
    if (place instanceof Element) {
      host.setAttribute('data-inline', '');
      place.append(host);
      this.open();
    } else {
      const position =
        options.position === 'bottom-left' || options.position === 'bottom-right' ? options.position : looks.position;
      this.corner = position;
      host.setAttribute('data-at', position === 'bottom-left' ? 'left' : 'right');
      host.style.setProperty('--griot-shift', `${72 * corners[position]++}px`);
      this.button = document.createElement('button');
      this.button.type = 'button';
      this.button.addEventListener('click', () => (this.opened ? this.close() : this.open()));
      this.badge = document.createElement('span');
      this.badge.className = 'badge';
      this.badge.setAttribute('role', 'status');
      root.append(this.button);
      this.draw();
      // Beside the body: whatever the page does to it, to its children and to their stacking, is not done here.
      document.documentElement.append(host);
      if (this.wanted || this.remembered()) this.open();
    }
    this.emit('ready', { agentId: options.agentId });
  }

  /** Constructed sheets are no inline styles, so that no policy forbids them. */
  private style(root: ShadowRoot): void {
    try {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(css);
      root.adoptedStyleSheets = [sheet];
    } catch {
      const style = document.createElement('style');
      style.nonce = this.options.nonce ?? script?.nonce ?? '';
      style.textContent = css;
      root.append(style);
    }
  }

  private draw(): void {
    const { button, badge, looks } = this;
    if (!button || !badge || !looks) return;
    this.host?.toggleAttribute('data-open', this.opened);
    const w = words[this.lang];
    button.replaceChildren(picture(this.opened ? 'close' : this.mode), badge);
    badge.textContent = this.unread > 0 ? String(this.unread) : '';
    const label = this.options.label || looks.label || `${w[this.mode]} ${looks.name}`;
    button.setAttribute(
      'aria-label',
      this.opened ? w.close : this.unread > 0 ? `${label} (${this.unread} ${w.unread})` : label,
    );
    button.setAttribute('aria-expanded', String(this.opened));
    button.lang = this.lang;
    if (this.frame) this.frame.title = `${w.title} ${looks.name}`;
  }

  private build(): void {
    if (!this.root || !this.looks) return;
    window.addEventListener('message', this.greeted);
    const panel = document.createElement('div');
    panel.className = 'panel';
    const frame = document.createElement('iframe');
    frame.allow = 'microphone; autoplay; clipboard-write';
    frame.src = `${this.server}/embed/agent/${encodeURIComponent(this.options.agentId)}#widget`;
    panel.append(frame);
    this.panel = panel;
    this.frame = frame;
    this.draw();
    // Before the button, as it is read: from the conversation on to what closes it.
    this.root.prepend(panel);
  }

  /** The frame has said that it listens; it gets its end of a channel, and nobody else does. */
  private readonly greeted = (e: MessageEvent): void => {
    const { frame, looks } = this;
    if (!frame || !looks || e.source !== frame.contentWindow || e.origin !== this.server) return;
    if (typeof e.data !== 'object' || e.data === null || e.data.griot !== 'hello' || e.data.v !== version) return;
    this.port?.close(); // the frame was loaded again
    const channel = new MessageChannel();
    this.port = channel.port1;
    channel.port1.onmessage = (m: MessageEvent<Up>) => this.hear(m.data);
    (frame.contentWindow as Window).postMessage({ griot: 'port', v: version }, this.server, [channel.port2]);
    const color = this.host?.style.getPropertyValue('--griot-color') || looks.color;
    this.tell({
      t: 'setup',
      lang: this.lang,
      theme: this.options.theme ?? looks.theme,
      mode: this.mode,
      color,
      greeting: typeof this.options.welcomeMessage === 'string' ? this.options.welcomeMessage : looks.greeting,
      closable: !this.options.container,
      kept: { visit: this.stored('visit'), session: this.stored('session') },
    });
    this.waiting.forEach((m) => channel.port1.postMessage(m));
    this.waiting.clear();
    if (this.opened) this.tell({ t: 'open' });
  };

  private tell(message: Down): void {
    if (this.port) this.port.postMessage(message);
    else if (message.t === 'send' || message.t === 'reset') this.waiting.add(message);
  }

  private hear(m: Up): void {
    switch (m.t) {
      case 'visit':
        void this.visit(m.id, m.previous);
        return;
      case 'close':
        this.close();
        return;
      case 'keep':
        if (m.name === 'visit' || m.name === 'session') this.store(m.name, String(m.value));
        return;
      case 'message':
        if (!this.opened && m.role === 'assistant') {
          this.unread++;
          this.draw();
        }
        this.emit('message', { role: m.role, content: m.content, sessionId: m.sessionId } satisfies Message);
        return;
      case 'tool':
        this.emit('toolCall', { tool: m.tool });
        return;
      case 'state':
        this.emit('stateChange', { state: m.state satisfies State });
        return;
      case 'error':
        this.emit('error', { code: m.code, message: m.message });
        return;
    }
  }

  /** The page itself asks for the visitor's token: the browser names its origin, which the server holds against the agent's domains. */
  private async visit(id: number, previous: string): Promise<void> {
    const { user } = this;
    const body: Record<string, unknown> = {};
    if (previous) body.previous = previous;
    if (user?.token) body.user_token = user.token;
    else if (user?.id) body.user = { id: user.id, hash: user.hash ?? '' };
    const answer = await this.request<Visit>('/session', body);
    if (answer.body) this.tell({ t: 'visit', id, visit: answer.body });
    else this.tell({ t: 'visit', id, problem: answer.problem as Problem });
  }

  private async request<T>(path: string, body: object | undefined): Promise<{ body?: T; problem?: Problem }> {
    try {
      const answer = await ask(`${this.server}/embed/v1/agents/${encodeURIComponent(this.options.agentId)}${path}`, {
        method: body ? 'POST' : 'GET',
        credentials: 'omit',
        headers: body
          ? { 'Content-Type': 'application/json', 'Accept-Language': this.lang }
          : { 'Accept-Language': this.lang },
        body: body ? JSON.stringify(body) : null,
      });
      const json = await answer.json();
      if (answer.ok) return { body: json as T };
      return { problem: { status: answer.status, code: String(json.code), detail: String(json.detail) } };
    } catch (cause) {
      return { problem: { status: 0, code: 'unreachable', detail: String(cause) } };
    }
  }

  private emit(name: EventName, data: object): void {
    this.listeners.get(name)?.forEach((listener) => this.call(listener, data));
  }

  /** What a page does with an event is its affair: a fault there ends nothing here. */
  private call(listener: Listener, data: object): void {
    try {
      listener(data);
    } catch (cause) {
      later(() => {
        throw cause;
      }, 0);
    }
  }

  /** Whether the panel was open, for the same tab after it is loaded again. */
  private remember(open: boolean): void {
    this.store('open', open ? '1' : '');
  }

  private remembered(): boolean {
    return this.stored('open') === '1';
  }

  private store(name: string, value: string): void {
    try {
      const key = `griot.${this.mode}.${name}.${this.options.agentId}`;
      if (value) sessionStorage.setItem(key, value);
      else sessionStorage.removeItem(key);
    } catch {
      // A page without storage does without.
    }
  }

  private stored(name: string): string {
    try {
      return sessionStorage.getItem(`griot.${this.mode}.${name}.${this.options.agentId}`) ?? '';
    } catch {
      return '';
    }
  }
}

/** What a page sees of one kind of widget: its methods are those of the widget that init made last, and init returns it. */
function api(kind: Mode) {
  let current: Widget | undefined;
  const early = new Map<Listener, EventName>();
  const it = {
    init(options: Options): Widget {
      if (!options || typeof options.agentId !== 'string' || options.agentId === '') {
        throw new TypeError('[griot] init needs the agent: { agentId: "…" }');
      }
      const made = new Widget(options, kind);
      current = made;
      early.forEach((name, listener) => made.on(name, listener));
      early.clear();
      return made;
    },
    on(name: EventName, listener: Listener) {
      if (current) current.on(name, listener);
      else early.set(listener, name);
      return it;
    },
    off(name: EventName, listener: Listener) {
      early.delete(listener);
      current?.off(name, listener);
      return it;
    },
    open: () => void current?.open(),
    close: () => void current?.close(),
    sendMessage: (text: string) => void current?.sendMessage(text),
    resetSession: () => void current?.resetSession(),
    setUser: (user?: User | null) => void current?.setUser(user),
    setLocale: (locale: string) => void current?.setLocale(locale),
    destroy: () => {
      current?.destroy();
      current = undefined;
    },
  };
  return it;
}

type Api = ReturnType<typeof api>;
type Global = { Griot?: { text: Api; voice: Api }; WakaTextAgent?: Api; WakaVoice?: Api };

/** The options that a script's own attributes give. */
function attributes(from: HTMLScriptElement): Options | undefined {
  const get = (name: string) => from.getAttribute(`data-${name}`) ?? undefined;
  const agentId = get('agent') ?? get('agent-id');
  if (!agentId) return undefined;
  const z = Number(get('z-index'));
  const token = get('user-token');
  const id = get('user-id');
  return {
    agentId,
    position: get('position') as Position,
    primaryColor: get('color') ?? get('primary-color'),
    welcomeMessage: get('welcome') ?? get('welcome-message'),
    locale: get('lang') ?? get('locale'),
    theme: get('theme') as Theme,
    mode: get('mode') as Mode,
    container: get('container'),
    label: get('label'),
    zIndex: get('z-index') !== undefined && Number.isFinite(z) ? z : undefined,
    user: token ? { token } : id ? { id, hash: get('user-hash') } : undefined,
  };
}

const global = window as unknown as Global;
// A page that loads the script twice keeps the first one, with its widgets.
if (!global.Griot) {
  const text = api('text');
  const voice = api('voice');
  global.Griot = { text, voice };
  global.WakaTextAgent ??= text;
  global.WakaVoice ??= voice;
}
if (script) {
  const options = attributes(script);
  if (options) (options.mode === 'voice' ? global.Griot.voice : global.Griot.text).init(options);
}
