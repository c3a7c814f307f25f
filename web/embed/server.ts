import type { Problem, Visit } from './bridge';

/** A refusal of the server's, or that it cannot be reached. */
export class Refused extends Error {
  constructor(readonly problem: Problem) {
    super(problem.detail);
  }
}

/** How the panel comes by a visit: from the page around it, or, when it stands alone, from the server itself. */
export type Enter = (previous: string) => Promise<Visit>;

export interface Event {
  type: string;
  id?: string;
  content?: string;
  session_id?: string;
  tool?: string;
  code?: string;
  message?: string;
  finish_reason?: string;
}

export interface Written {
  role: string;
  content: string;
  stopped?: boolean;
  attachments?: { name: string }[];
}

export interface Session {
  id: string;
  messages: Written[];
  running: boolean;
  messages_left: number;
  expires_at: string;
}

export interface File {
  name: string;
  type: string;
  data: string;
}

export async function refusalOf(answer: Response): Promise<Refused> {
  try {
    const p = await answer.json();
    return new Refused({ status: answer.status, code: String(p.code), detail: String(p.detail) });
  } catch {
    return new Refused({ status: answer.status, code: 'other', detail: answer.statusText });
  }
}

export const unreachable = (cause: unknown) => new Refused({ status: 0, code: 'unreachable', detail: String(cause) });

/** What the panel asks of the server as one visitor. The token is renewed when it is about to expire, or refused. */
export class Server {
  private visit?: Visit;
  private pending?: Promise<Visit>;

  constructor(
    private readonly agent: string,
    private readonly enter: Enter,
    private readonly kept: { token: string; keep(token: string): void },
    readonly lang: () => string,
  ) {}

  /** The visit, made when there is none yet or when it is old. */
  async visited(): Promise<Visit> {
    if (this.visit && Date.parse(this.visit.expires_at) - Date.now() > 60_000) return this.visit;
    this.pending ??= this.enter(this.visit?.token ?? this.kept.token)
      .then((v) => {
        this.visit = v;
        this.kept.keep(v.token);
        return v;
      })
      .finally(() => {
        this.pending = undefined;
      });
    return this.pending;
  }

  /** Whoever comes next is somebody else. */
  forget(): void {
    this.visit = undefined;
    this.kept.keep('');
    this.kept.token = '';
  }

  async fetch(path: string, init: RequestInit = {}, again = true): Promise<Response> {
    const { token } = await this.visited();
    const headers = { ...init.headers, Authorization: `Bearer ${token}`, 'Accept-Language': this.lang() };
    let answer: Response;
    try {
      answer = await fetch(path, { ...init, headers, credentials: 'omit' });
    } catch (cause) {
      if (init.signal?.aborted) throw cause;
      throw unreachable(cause);
    }
    if (answer.status === 401 && again) {
      if (this.visit) this.kept.token = this.visit.token;
      this.visit = undefined;
      return this.fetch(path, init, false);
    }
    if (!answer.ok) throw await refusalOf(answer);
    return answer;
  }

  private get base(): string {
    return `/text-agents/api/${encodeURIComponent(this.agent)}`;
  }

  async session(id: string): Promise<Session> {
    return (await this.fetch(`${this.base}/session?session_id=${encodeURIComponent(id)}`)).json();
  }

  async stop(session: string): Promise<void> {
    const body = JSON.stringify({ session_id: session });
    await this.fetch(`${this.base}/chat/stop`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body,
    });
  }

  async call(): Promise<{ value: string; model: string }> {
    return (await this.fetch(`/embed/v1/agents/${encodeURIComponent(this.agent)}/call`, { method: 'POST' })).json();
  }

  /** Sends a message and hands on the events of its reply. When the connection breaks, the reply is read on where it broke off. */
  async send(
    message: { text: string; session: string; files: File[] },
    on: (e: Event) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const body: Record<string, unknown> = { message: message.text };
    if (message.session) body.session_id = message.session;
    if (message.files.length > 0) {
      body.attachments = message.files.map((f) => ({
        type: f.type.startsWith('image/') ? 'image' : 'file',
        name: f.name,
        mime_type: f.type,
        data: f.data,
      }));
    }
    const answer = await this.fetch(`${this.base}/chat/stream`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Accept: 'text/event-stream' },
      body: JSON.stringify(body),
      signal,
    });
    await this.follow(answer, message.session, on, signal);
  }

  /** Reads a reply that is under way. */
  async resume(session: string, on: (e: Event) => void, signal: AbortSignal, after = ''): Promise<Response> {
    return this.fetch(`${this.base}/chat/stream?session_id=${encodeURIComponent(session)}`, {
      headers: after ? { Accept: 'text/event-stream', 'Last-Event-ID': after } : { Accept: 'text/event-stream' },
      signal,
    }).then(async (answer) => {
      await this.follow(answer, session, on, signal, after);
      return answer;
    });
  }

  private async follow(
    first: Response,
    begun: string,
    on: (e: Event) => void,
    signal: AbortSignal,
    begin = '',
  ): Promise<void> {
    let session = begun;
    let last = begin;
    let answer: Response | undefined = first;
    for (let tries = 0; ; ) {
      let done = false;
      try {
        if (!answer) {
          const headers: Record<string, string> = { Accept: 'text/event-stream' };
          if (last) headers['Last-Event-ID'] = last;
          answer = await this.fetch(`${this.base}/chat/stream?session_id=${encodeURIComponent(session)}`, {
            headers,
            signal,
          });
        }
        for await (const e of events(answer)) {
          tries = 0;
          if (e.id) last = e.id;
          if (e.session_id) session = e.session_id;
          on(e);
          if (e.type === 'done') done = true;
        }
      } catch (cause) {
        if (signal.aborted) throw cause;
        if (cause instanceof Refused && cause.problem.status !== 0) throw cause;
      }
      if (done) return;
      if (!session || ++tries > 5) throw unreachable('the stream broke');
      answer = undefined;
      await new Promise((resolve) => setTimeout(resolve, 400 * 2 ** tries));
    }
  }
}

/** The events of a stream (HTML, section 9.2). */
export async function* events(answer: Response): AsyncGenerator<Event> {
  if (!answer.body) return;
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    rest += value;
    let end = rest.indexOf('\n\n');
    for (; end >= 0; end = rest.indexOf('\n\n')) {
      const block = rest.slice(0, end);
      rest = rest.slice(end + 2);
      let id = '';
      let data = '';
      for (const line of block.split('\n')) {
        if (line.startsWith('id: ')) id = line.slice(4);
        if (line.startsWith('data: ')) data += line.slice(6);
      }
      if (data) yield { ...(JSON.parse(data) as Event), id };
    }
  }
}
