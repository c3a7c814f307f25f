/** One line of the list of events. Packets of a stream (sound, words, positions) are one line with a count until something else happens. */
export interface LoggedEvent {
  id: number;
  /** ms from the start of the session. */
  at: number;
  from: 'server' | 'client' | 'page';
  type: string;
  count: number;
  /** The event itself, its audio left out. */
  body: Record<string, unknown>;
}

/** Keeps the last events of a session: a ring, so that an hour's conversation needs no more room than a minute's. */
export class EventLog {
  private entries: LoggedEvent[] = [];
  private snapshot: readonly LoggedEvent[] = [];
  private next = 1;
  private scheduled = false;
  private readonly listeners = new Set<() => void>();

  /** @param limit entries kept; the oldest go first */
  constructor(private readonly limit = 2000) {}

  add(at: number, from: LoggedEvent['from'], type: string, raw: Record<string, unknown>): void {
    const body = shorten(raw);
    const same = this.sameStream(from, type);
    const known = this.entries[same];
    if (known) {
      this.entries[same] = { ...known, count: known.count + 1, body };
    } else {
      this.entries.push({ id: this.next++, at, from, type, count: 1, body });
      if (this.entries.length > this.limit) this.entries.splice(0, this.entries.length - this.limit);
    }
    this.announce();
  }

  /** Where a line of the same stream stands, if nothing but other streams' packets came since; -1 otherwise. */
  private sameStream(from: LoggedEvent['from'], type: string): number {
    if (!isStream(type)) return -1;
    for (let i = this.entries.length - 1; i >= Math.max(0, this.entries.length - 5); i--) {
      const e = this.entries[i];
      if (!e || !isStream(e.type)) return -1;
      if (e.type === type && e.from === from) return i;
    }
    return -1;
  }

  /** All that happened, also what the ring has let go. */
  get total(): number {
    return this.next - 1;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly getSnapshot = (): readonly LoggedEvent[] => this.snapshot;

  /** Listeners are told a few times a second at most: fifty packets of sound a second are no reason to draw fifty times. */
  private announce(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    setTimeout(() => {
      this.scheduled = false;
      this.snapshot = [...this.entries];
      for (const listener of this.listeners) listener();
    }, 150);
  }
}

function isStream(type: string): boolean {
  return type.endsWith('.delta') || type.endsWith('.append') || type === 'griot.heard' || type === 'griot.playback';
}

function shorten(raw: Record<string, unknown>): Record<string, unknown> {
  const { type: _type, event_id: _id, ...body } = raw;
  for (const key of ['delta', 'audio']) {
    const value = body[key];
    if (typeof value === 'string' && value.length > 200) body[key] = `… (${value.length})`;
  }
  return body;
}
