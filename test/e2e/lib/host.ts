import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A page of somebody else's that shows an agent. */
export interface HostPage {
  html: string;
  policy?: string;
}

/** A web site of somebody else's, on a port of its own and under another name than the server's: another site to the browser. */
export class HostSite {
  private readonly pages = new Map<string, HostPage>();
  private readonly server: Server = createServer((request, response) => {
    const page = this.pages.get(new URL(request.url ?? '/', 'http://host').pathname);
    const css = request.url === '/hostile.css';
    if (!page && !css) {
      response.writeHead(request.url === '/favicon.ico' ? 204 : 404).end();
      return;
    }
    const headers: Record<string, string> = { 'Content-Type': css ? 'text/css' : 'text/html; charset=utf-8', 'Cache-Control': 'no-store' };
    if (page?.policy) headers['Content-Security-Policy'] = page.policy;
    response.writeHead(200, headers);
    response.end(css ? hostile : page?.html);
  });

  async start(): Promise<this> {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    return this;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** Its origin under a name; every name of this machine leads here. */
  origin(name = 'localhost'): string {
    return `http://${name}:${this.port}`;
  }

  show(path: string, page: HostPage): void {
    this.pages.set(path, page);
  }

  async stop(): Promise<void> {
    this.server.close();
    this.server.closeAllConnections();
    await once(this.server, 'close');
  }
}

/** A style sheet that spares nothing. */
const hostile = `
* { all: unset !important; font: 900 40px/1 fantasy !important; color: lime !important; }
div { display: none !important; }
button, iframe { display: none !important; visibility: hidden !important; opacity: 0 !important; position: static !important; }
body { display: block !important; transform: scale(1); }
body > * { display: block !important; z-index: 2147483647 !important; position: relative !important; }
main { display: block !important; height: 1600px !important; background: #eee !important; }
html, head + body { overflow: auto !important; }
`;
