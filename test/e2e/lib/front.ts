import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, request, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { type AddressInfo, connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { certificate, certificateKey } from './paths.ts';

/** A proxy before Griot, as in a real installation: it may speak TLS, and says that it forwards, so that whoever comes through it needs a key. */
export class Front {
  readonly #server: Server;
  readonly #sockets = new Set<Duplex>();
  readonly #secure: boolean;
  readonly #backend: URL;

  constructor(backend: string, secure = false) {
    this.#backend = new URL(backend);
    this.#secure = secure;
    const forward = (asked: IncomingMessage, answer: import('node:http').ServerResponse) => {
      const options = { host: this.#backend.hostname, port: this.#backend.port, path: asked.url, method: asked.method };
      const inner = request({ ...options, headers: { ...asked.headers, 'x-forwarded-for': '192.0.2.7' } }, (got) => {
        answer.writeHead(got.statusCode ?? 502, got.headers);
        got.pipe(answer);
      });
      inner.on('error', () => answer.writeHead(502).end());
      asked.pipe(inner);
    };
    this.#server = secure ? createSecureServer({ cert: readFileSync(certificate), key: readFileSync(certificateKey) }, forward) : createServer(forward);
    this.#server.on('upgrade', (asked: IncomingMessage, outer: Socket) => this.#join(asked, outer));
  }

  async start(): Promise<this> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return this;
  }

  /** Such as https://127.0.0.1:4711. */
  get url(): string {
    return `http${this.#secure ? 's' : ''}://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }

  #join(asked: IncomingMessage, outer: Socket): void {
    const inner = connect(Number(this.#backend.port), this.#backend.hostname, () => {
      const lines = [`${asked.method} ${asked.url} HTTP/1.1`, 'X-Forwarded-For: 192.0.2.7'];
      for (let i = 0; i < asked.rawHeaders.length; i += 2) lines.push(`${asked.rawHeaders[i]}: ${asked.rawHeaders[i + 1]}`);
      inner.write(`${lines.join('\r\n')}\r\n\r\n`);
      outer.pipe(inner).pipe(outer);
    });
    for (const [one, other] of [
      [outer, inner],
      [inner, outer],
    ] as const) {
      this.#sockets.add(one);
      one.on('error', () => other.destroy());
      one.on('close', () => {
        this.#sockets.delete(one);
        other.destroy();
      });
    }
  }
}
