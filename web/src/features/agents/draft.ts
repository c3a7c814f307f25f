import { type AgentConflict, type AgentDetail, type AgentKeys, Changed } from '~/api/agents';
import { ApiError } from '~/api/client';
import { changedKeys, type Form, formOf, keysOf } from './form';

/** How long nobody types before a draft is saved, in ms. */
export const quietMs = 800;

/** How an agent is written. */
export interface DraftPorts {
  create(definition: AgentKeys): Promise<AgentDetail>;
  change(reference: string, etag: string, definition: AgentKeys): Promise<AgentDetail>;
}

export interface DraftState {
  form: Form;
  /** As the server has it; none before the first save. */
  agent?: AgentDetail;
  /** What the server does not have yet: dirty; failed: it was refused, and the next change or save tries again. */
  status: 'clean' | 'dirty' | 'saving' | 'failed' | 'conflict';
  error?: unknown;
  conflict?: AgentConflict;
}

/**
 * An agent while somebody works on it. A draft saves itself; changes of an active agent wait until they are saved as a whole, for callers would meet each of them.
 * One request is under way at a time, so that no save overtakes another.
 */
export class Draft {
  private state: DraftState;
  private base: AgentKeys;
  private timer?: ReturnType<typeof setTimeout>;
  private running?: Promise<boolean>;
  /** A name that another agent has: everything else is saved without it. */
  private refusedName?: string;
  private readonly listeners = new Set<() => void>();

  constructor(
    private readonly ports: DraftPorts,
    start: Form | AgentDetail,
  ) {
    const agent = 'definition' in start ? start : undefined;
    const form = 'definition' in start ? formOf(start.definition) : start;
    this.state = { form, agent, status: 'clean' };
    this.base = agent ? keysOf(form) : {}; // of a new one the server has nothing
  }

  subscribe = (listener: () => void) => {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  };
  read = () => this.state;

  /** Whether changes save themselves. */
  get saves(): boolean {
    return this.state.agent?.status !== 'active';
  }

  edit(form: Form): void {
    const error = form.name === this.refusedName ? this.state.error : undefined;
    if (this.state.status === 'conflict') this.set({ form });
    else this.set({ form, error, status: this.running ? 'saving' : this.waiting(form) ? 'dirty' : 'clean' });
    if (this.saves) this.later();
  }

  /** Saves what is not saved. False when it could not: the state says why. */
  async flush(): Promise<boolean> {
    clearTimeout(this.timer);
    while (this.running) await this.running;
    if (this.state.status === 'conflict') return false;
    if (!this.waiting(this.state.form))
      return this.refusedName === undefined || this.state.form.name !== this.refusedName;
    this.running = this.write();
    const ok = await this.running;
    return ok && (this.waiting(this.state.form) ? this.flush() : true);
  }

  /** Takes the agent as somebody else left it, and over it those of one's own changes that shall stay. */
  async settle(mine: AgentKeys): Promise<boolean> {
    const current = this.state.conflict?.current;
    if (!current) return true;
    try {
      const kept = Object.keys(mine).length > 0;
      this.adopt(kept ? await this.ports.change(current.reference, current.etag, mine) : current);
      return true;
    } catch (error) {
      this.fail(error);
      return false;
    }
  }

  /** Asks again what differs, with what was written since. Without a difference any more it is simply saved. */
  async compare(): Promise<void> {
    if (this.state.status !== 'conflict') return;
    this.set({ status: 'dirty', conflict: undefined });
    await this.flush();
  }

  /** The agent is now this one, whatever was not saved. */
  adopt(agent: AgentDetail): void {
    const form = formOf(agent.definition);
    this.base = keysOf(form);
    this.refusedName = undefined;
    this.set({ form, agent, status: 'clean', error: undefined, conflict: undefined });
  }

  /** The last that is done with it: a draft is saved. */
  leave(): void {
    clearTimeout(this.timer);
    if (this.saves && this.state.agent) void this.flush();
  }

  private waiting(form: Form): boolean {
    return Object.keys(this.pending(form)).length > 0;
  }

  private pending(form: Form): AgentKeys {
    const keys = changedKeys(this.base, keysOf(form));
    if (form.name === this.refusedName) delete keys.name;
    return keys;
  }

  private later(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.flush(), quietMs);
  }

  private async write(): Promise<boolean> {
    const { form, agent } = this.state;
    this.set({ status: 'saving' });
    try {
      const sent = keysOf(form);
      if (form.name === this.refusedName) sent.name = this.base.name;
      const made = agent
        ? await this.ports.change(agent.reference, agent.etag, this.pending(form))
        : await this.ports.create({ kind: form.kind, ...sent });
      this.base = sent;
      this.set({ agent: made, status: this.waiting(this.state.form) ? 'dirty' : 'clean' });
      if (form.name !== this.refusedName) this.set({ error: undefined });
      return true;
    } catch (error) {
      if (error instanceof ApiError && error.code === 'name_taken' && this.refusedName !== form.name) {
        this.refusedName = form.name;
        this.set({ error });
        if (Object.keys(this.pending(form)).length === 0 && agent) this.set({ status: 'failed' });
        else await this.write();
        return false;
      }
      this.fail(error);
      return false;
    } finally {
      this.running = undefined;
    }
  }

  private fail(error: unknown): void {
    if (error instanceof Changed) this.set({ status: 'conflict', conflict: error.conflict, error: undefined });
    else this.set({ status: 'failed', error });
  }

  private set(part: Partial<DraftState>): void {
    this.state = { ...this.state, ...part };
    for (const listener of this.listeners) listener();
  }
}
