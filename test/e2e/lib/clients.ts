import { ChatModel } from './chat.ts';
import { Front } from './front.ts';
import { test as base } from './test.ts';

/** The key of the servers that clients are tested against. */
export const key = 'a-key-for-clients';

/** What clients talk to: speech of this machine, and a language model that follows a script. Nobody greets them. */
export const test = base.extend<{ complaints: string[] }, { chat: ChatModel; front: Front; secureFront: Front }>({
  // There is no page here.
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the names of fixtures from the pattern
  complaints: async ({}, use) => use([]),
  chat: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the names of fixtures from the pattern
    async ({}, use) => {
      const chat = await new ChatModel().start();
      await use(chat);
      await chat.stop();
    },
    { scope: 'worker' },
  ],
  arrangement: [
    async ({ chat }, use) => {
      const settings = {
        speech: { llm: 'openai' },
        realtime: { keys: [key], default_agent: 'desk' },
        providers: { openai: { base_url: chat.url, model: 'scripted', api_key: 'unused' } },
      };
      await use({
        args: ['--config', 'griot.yaml'],
        files: {
          'griot.yaml': JSON.stringify(settings), // which is YAML
          'data/agents/desk.yaml': 'name: Desk\nlanguage: en\nmodel:\n  provider: openai\ninstructions: Answer briefly.\n',
        },
      });
    },
    { scope: 'worker' },
  ],
  /** A proxy before the server, so that a key is needed; secureFront speaks TLS. */
  front: [async ({ server }, use) => through(new Front(server.url), use), { scope: 'worker' }],
  secureFront: [async ({ server }, use) => through(new Front(server.url, true), use), { scope: 'worker' }],
});

async function through(front: Front, use: (front: Front) => Promise<void>): Promise<void> {
  await front.start();
  await use(front);
  await front.stop();
}

export { expect } from '@playwright/test';

/** An event of that type: as its own type where the union of events has one. */
type Of<T, K> = [Extract<T, { type: K }>] extends [never] ? T : Extract<T, { type: K }>;

/** What came in, in order, and waiting for what has not come yet. */
export class Log<T extends { type: string }> {
  readonly all: T[] = [];
  private taken = 0;
  private wake: () => void = () => undefined;
  private failure?: Error;

  add(event: T): void {
    this.all.push(event);
    this.wake();
  }

  /** Ends every wait with an error. */
  fail(error: Error): void {
    this.failure = error;
    this.wake();
  }

  /** The next event of that type after the last that was waited for. */
  async next<K extends T['type']>(type: K, fits: (event: Of<T, K>) => boolean = () => true): Promise<Of<T, K>> {
    const deadline = performance.now() + 30_000;
    for (;;) {
      while (this.taken < this.all.length) {
        const event = this.all[this.taken++] as T;
        if (event.type === type && fits(event as Of<T, K>)) return event as Of<T, K>;
      }
      if (this.failure) throw this.failure;
      const left = deadline - performance.now();
      if (left <= 0) throw new Error(`no ${type} came; there were ${this.all.map((e) => e.type).join(', ')}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }
}
