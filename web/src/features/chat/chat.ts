import { ApiError } from '~/api/client';
import type { components } from '~/api/schema';
import { type ReplyEvent, readStream } from './stream';

export type ChatSession = components['schemas']['ChatSession'];
export type ChatProfile = components['schemas']['ChatProfile'];

/** A file that goes with a message. */
export interface Shown {
  name: string;
  type: string;
  size: number;
  /** Base64; only of those that are still to be sent. */
  data?: string;
  /** To look at, of a picture that was chosen here. */
  preview?: string;
}

export interface Said {
  kind: 'user' | 'agent';
  id: string;
  text: string;
  at: number;
  attachments?: Shown[];
  /** It is being written. */
  writing?: boolean;
  /** Why it is not whole: "stopped", "length", "content_filter". */
  cut?: string;
}

export interface Step {
  kind: 'tool';
  id: string;
  name: string;
  at: number;
  status: 'running' | 'done' | 'failed';
  arguments: unknown;
  result?: unknown;
}

export type Item = Said | Step;

export interface ChatState {
  session?: string;
  items: Item[];
  /** "sending": the message is on its way; "writing": the agent answers; "reconnecting": the line broke off and is sought again. */
  status: 'idle' | 'sending' | 'writing' | 'reconnecting';
  /** Share of the message that is sent, of one with files. */
  sent?: number;
  error?: ApiError;
  /** The conversation takes no more messages. */
  over?: boolean;
  /** Of the last reply. */
  usage?: { prompt_tokens: number; completion_tokens: number };
}

/** Pauses before a broken stream is asked for again, in ms. */
const pauses = [300, 1000, 2000, 4000, 8000, 15_000];

/** Refusals after which a conversation takes no more messages. */
const ends = ['session_closed', 'session_expired', 'session_full', 'session_not_found'];

/** One written conversation with an agent: what was said, and what is being said. */
export class Chat {
  private state: ChatState = { items: [], status: 'idle' };
  private readonly listeners = new Set<() => void>();
  private reading?: AbortController;
  private last = '';
  private made = 0;

  constructor(
    private readonly agent: string,
    /** Waits; tests do not. */
    private readonly pause: (ms: number, signal: AbortSignal) => Promise<void> = sleep,
  ) {}

  subscribe = (listener: () => void) => {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  };
  read = () => this.state;

  private set(change: Partial<ChatState>): void {
    this.state = { ...this.state, ...change };
    for (const l of this.listeners) l();
  }

  private address(rest: string): string {
    return `${window.location.origin}/text-agents/api/${encodeURIComponent(this.agent)}/${rest}`;
  }

  /** Shows a session as the server has it, and reads on where a reply is being written. */
  show(session: ChatSession): void {
    this.leave();
    const items = session.running ? untilUser(itemsOf(session)) : itemsOf(session);
    this.set({
      session: session.id,
      items,
      status: 'idle',
      error: undefined,
      over: session.messages_left < 2 || over(session),
      usage: undefined,
    });
    if (session.running) {
      this.last = '';
      this.set({ status: 'writing' });
      void this.follow();
    }
  }

  /** Begins anew. */
  clear(): void {
    this.leave();
    this.set({ session: undefined, items: [], status: 'idle', error: undefined, over: false, usage: undefined });
  }

  /** Stops reading; the reply goes on at the server. */
  leave(): void {
    this.reading?.abort();
    this.reading = undefined;
  }

  /** Sends a message. False when it did not arrive: the state says why, and the message is no part of the conversation. */
  async send(text: string, attachments: Shown[], welcome: string): Promise<boolean> {
    if (this.state.status !== 'idle') return false;
    const before = this.state;
    const items = [...before.items];
    if (items.length === 0 && welcome) items.push({ kind: 'agent', id: 'welcome', text: welcome, at: Date.now() });
    items.push({
      kind: 'user',
      id: this.id(),
      text,
      at: Date.now(),
      attachments: attachments.map(({ data: _, ...a }) => a),
    });
    this.last = '';
    this.set({
      items,
      status: 'sending',
      sent: attachments.length > 0 ? 0 : undefined,
      error: undefined,
      usage: undefined,
    });
    const body = JSON.stringify({
      message: text,
      session_id: before.session,
      attachments: attachments.map((a) => ({
        type: a.type.startsWith('image/') ? 'image' : 'file',
        name: a.name,
        mime_type: a.type,
        data: a.data,
      })),
    });
    const reading = this.begin();
    try {
      await readStream({
        method: 'POST',
        url: this.address('chat/stream'),
        body,
        sent: (sent) => attachments.length > 0 && this.set({ sent }),
        event: (e, id) => this.take(e, id),
        signal: reading.signal,
      });
      if (reading.signal.aborted) return true;
    } catch (cause) {
      if (this.last === '') {
        const error = cause instanceof ApiError ? cause : new ApiError('internal', 0, {}, String(cause));
        this.set({
          items: before.items,
          status: 'idle',
          sent: undefined,
          error,
          over: before.over || ends.includes(error.code),
        });
        return false;
      }
    }
    if (this.state.status !== 'idle') await this.follow(reading);
    return true;
  }

  /** Ends the reply that is being written. */
  async stop(): Promise<void> {
    const { session } = this.state;
    if (!session) return;
    await fetch(this.address('chat/stop'), {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ session_id: session }),
    }).catch(() => undefined); // what is written arrives anyway
  }

  private begin(): AbortController {
    this.leave();
    this.reading = new AbortController();
    return this.reading;
  }

  private id(): string {
    this.made++;
    return `own-${this.made}`;
  }

  /** Reads a stream on until its end, however often the line breaks off. */
  private async follow(reading = this.begin()): Promise<void> {
    const { signal } = reading;
    for (let i = 0; this.state.status !== 'idle' && !signal.aborted; ) {
      const from = this.last;
      if (this.last !== '') this.set({ status: 'reconnecting' });
      try {
        if (this.last !== '') await this.pause(pauses[Math.min(i, pauses.length - 1)] ?? 0, signal);
        if (signal.aborted) return;
        await readStream({
          method: 'GET',
          url: this.address(`chat/stream?session_id=${encodeURIComponent(this.state.session ?? '')}`),
          after: this.last,
          event: (e, id) => this.take(e, id),
          signal,
        });
      } catch (cause) {
        const error = cause instanceof ApiError ? cause : new ApiError('internal', 0, {}, String(cause));
        if (error.status !== 0 || i >= pauses.length) {
          this.finish({ error });
          return;
        }
      }
      i = this.last === from ? i + 1 : 0;
      if (i > pauses.length) this.finish({ error: new ApiError('unreachable', 0, {}, '') });
    }
  }

  private finish(change: Partial<ChatState>): void {
    const items = this.state.items.map((i) => (i.kind === 'agent' && i.writing ? { ...i, writing: undefined } : i));
    this.set({ items, status: 'idle', sent: undefined, ...change });
  }

  private take(e: ReplyEvent, id: string): void {
    if (id !== '') this.last = id;
    const { items } = this.state;
    const writing: Partial<ChatState> = { status: 'writing', sent: undefined };
    switch (e.type) {
      case 'session':
        this.set({ ...writing, session: e.session_id });
        break;
      case 'content': {
        const at = items.at(-1);
        if (at?.kind === 'agent' && at.writing)
          this.set({ ...writing, items: [...items.slice(0, -1), { ...at, text: at.text + e.content }] });
        else
          this.set({
            ...writing,
            items: [...items, { kind: 'agent', id: this.id(), text: e.content, at: Date.now(), writing: true }],
          });
        break;
      }
      case 'tool_call':
        this.set({
          ...writing,
          items: [
            ...this.still(items),
            { kind: 'tool', id: e.call_id, name: e.tool, at: Date.now(), status: 'running', arguments: e.arguments },
          ],
        });
        break;
      case 'tool_result':
        this.set({
          ...writing,
          items: items.map((i) =>
            i.kind === 'tool' && i.id === e.call_id
              ? { ...i, status: e.failed ? 'failed' : 'done', result: e.result }
              : i,
          ),
        });
        break;
      case 'error':
        this.set({ error: new ApiError(e.code, 0, e.params ?? {}, e.message) });
        break;
      case 'done': {
        const cut = ['stopped', 'length', 'content_filter'].includes(e.finish_reason) ? e.finish_reason : undefined;
        const last = items.findLastIndex((i) => i.kind === 'agent');
        const whole = items.map((i, n) => (i.kind === 'agent' && n === last && i.writing ? { ...i, cut } : i));
        this.set({ items: whole });
        this.finish({ usage: e.usage, session: e.session_id, over: this.state.over || e.finish_reason === 'ended' });
      }
    }
  }

  /** What was being written before a tool was called is whole. */
  private still(items: Item[]): Item[] {
    return items.map((i) => (i.kind === 'agent' && i.writing ? { ...i, writing: undefined } : i));
  }
}

const over = (s: ChatSession) => new Date(s.expires_at).getTime() < Date.now();

function untilUser(items: Item[]): Item[] {
  return items.slice(0, items.findLastIndex((i) => i.kind === 'user') + 1);
}

function itemsOf(session: ChatSession): Item[] {
  return (session.messages ?? []).flatMap((m, n): Item[] => {
    const at = new Date(m.timestamp).getTime();
    const id = `kept-${n}`;
    switch (m.role) {
      case 'user':
        return [
          {
            kind: 'user',
            id,
            at,
            text: m.content,
            attachments: m.attachments?.map((a) => ({ name: a.name, type: a.mime_type, size: a.size })),
          },
        ];
      case 'assistant':
        return [{ kind: 'agent', id, at, text: m.content, cut: m.stopped ? 'stopped' : undefined }];
      case 'tool':
        return [
          {
            kind: 'tool',
            id,
            at,
            name: m.tool ?? '',
            status: m.failed ? 'failed' : 'done',
            arguments: jsonOf(m.arguments ?? ''),
            result: jsonOf(m.content),
          },
        ];
      default:
        return [];
    }
  });
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end);
  });
}
