import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { griot } from './paths.ts';

const startLimitMs = 20_000;

/** How a server differs from one that was told nothing. */
export interface Arrangement {
  /** Further arguments. */
  args?: string[];
  /** Files that are in its folder from the start, by path. */
  files?: Record<string, string>;
}

/** The real binary on a data folder of its own. */
export class Server {
  readonly folder = mkdtempSync(join(tmpdir(), 'griot-e2e-'));
  /** Everything it printed, for the report of a test that failed. */
  output = '';
  private child?: ChildProcess;
  private address = '127.0.0.1:0';

  constructor(private readonly arrangement: Arrangement = {}) {
    for (const [path, text] of Object.entries(arrangement.files ?? {})) {
      mkdirSync(dirname(join(this.folder, path)), { recursive: true });
      writeFileSync(join(this.folder, path), text);
    }
  }

  get url(): string {
    return `http://${this.address}`;
  }

  /** Starts it; on the same data and address as before when it ran already. Returns once it answers. */
  async start(): Promise<void> {
    // Of the environment only what a program needs to run: no key and no setting of the person who runs the tests.
    const env = { PATH: process.env.PATH, HOME: this.folder, TZ: 'UTC' };
    const args = ['serve', '--addr', this.address, '--data', join(this.folder, 'data'), ...(this.arrangement.args ?? [])];
    const child = spawn(griot, args, { cwd: this.folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
    this.child = child;
    const before = this.output.length;
    await new Promise<void>((resolve, reject) => {
      const give = (why: string) => reject(new Error(`griot ${why}:\n${this.output.slice(before)}`));
      const timer = setTimeout(() => give('did not get ready in time'), startLimitMs);
      const read = (chunk: Buffer) => {
        this.output += chunk;
        const ready = /msg=ready address=http:\/\/(\S+)/.exec(this.output.slice(before));
        if (!ready?.[1]) return;
        this.address = ready[1];
        clearTimeout(timer);
        resolve();
      };
      child.stdout.on('data', read);
      child.stderr.on('data', read);
      child.once('error', (e) => give(`did not start: ${e.message}`));
      child.once('exit', (code, signal) => {
        clearTimeout(timer);
        give(`ended (${code ?? signal}) before it was ready`);
      });
    });
  }

  /** Ends it as an administrator does (SIGTERM), or as a power cut would (SIGKILL). Returns its exit code once it is gone. */
  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<number | null> {
    const child = this.child;
    this.child = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? null;
    const gone = once(child, 'exit');
    child.kill(signal);
    const patience = setTimeout(() => child.kill('SIGKILL'), 15_000);
    const [code] = await gone;
    clearTimeout(patience);
    return code as number | null;
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
