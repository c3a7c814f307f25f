import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, request, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
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
    this.#server.on('upgrade', (asked: IncomingMessage, outer: Socket, early: Buffer) => this.#join(asked, outer, early));
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

  #join(asked: IncomingMessage, outer: Socket, early: Buffer): void {
    const options = { host: this.#backend.hostname, port: this.#backend.port, path: asked.url, method: asked.method };
    const inner = request({ ...options, headers: { ...asked.headers, 'x-forwarded-for': '192.0.2.7' } });
    const head = (got: IncomingMessage, ...more: string[]) => {
      const lines = [`HTTP/1.1 ${got.statusCode} ${got.statusMessage}`, ...more];
      for (let i = 0; i < got.rawHeaders.length; i += 2)
        if (got.statusCode === 101 || !/^(connection|keep-alive|transfer-encoding)$/i.test(got.rawHeaders[i] ?? '')) lines.push(`${got.rawHeaders[i]}: ${got.rawHeaders[i + 1]}`);
      outer.write(`${lines.join('\r\n')}\r\n\r\n`);
    };
    inner.on('upgrade', (got, socket, first) => {
      head(got);
      outer.write(first);
      socket.write(early);
      socket.pipe(outer).pipe(socket);
      this.#tie(outer, socket);
    });
    // A refusal ends the connection: the next request on it would go through unseen.
    inner.on('response', (got) => {
      head(got, 'Connection: close');
      got.pipe(outer);
    });
    inner.on('error', () => outer.destroy());
    outer.on('error', () => inner.destroy());
    inner.end();
  }

  /** What is left of a pair of connections when one of them ends is ended. */
  #tie(outer: Duplex, inner: Duplex): void {
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
