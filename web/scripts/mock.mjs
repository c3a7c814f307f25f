// A stand-in for the server: serves dist/ under the product's policy, the API with sample data, and a Realtime session whose agent
// answers whatever is typed or said. For looking at the console without building the rest: node scripts/mock.mjs [port]
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname } from 'node:path';
import { pathToFileURL } from 'node:url';
import { WebSocketServer } from 'ws';
import { agents, conversation, conversations, level, peaks } from './mock-data.mjs';
import { Session } from './mock-session.mjs';

const dist = new URL('../dist/', import.meta.url).pathname;
const kinds = { '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.woff2': 'font/woff2' };
const policy = (nonce) =>
  `default-src 'none'; script-src 'self'; style-src 'self' 'nonce-${nonce}'; img-src 'self' data: blob:; font-src 'self'; ` +
  "media-src 'self' blob:; connect-src 'self' ws: wss:; worker-src 'self' blob:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

function recording() {
  const rate = 8000;
  const n = (conversation.duration_ms / 1000) * rate;
  const data = Buffer.alloc(44 + n * 4);
  data.write('RIFF', 0);
  data.writeUInt32LE(36 + n * 4, 4);
  data.write('WAVEfmt ', 8);
  data.writeUInt32LE(16, 16);
  data.writeUInt16LE(1, 20);
  data.writeUInt16LE(2, 22);
  data.writeUInt32LE(rate, 24);
  data.writeUInt32LE(rate * 4, 28);
  data.writeUInt16LE(4, 32);
  data.writeUInt16LE(16, 34);
  data.write('data', 36);
  data.writeUInt32LE(n * 4, 40);
  for (let i = 0; i < n; i++) {
    const ms = (i * 1000) / rate;
    data.writeInt16LE(Math.round(8000 * level('user', ms) * Math.sin(i * 0.12)), 44 + i * 4);
    data.writeInt16LE(Math.round(8000 * level('agent', ms) * Math.sin(i * 0.16)), 46 + i * 4);
  }
  return data;
}

const problem = (status, code, detail) => ({ status, json: { type: 'about:blank', status, code, detail } });

function answer(method, url, state) {
  const path = decodeURIComponent(url.pathname);
  if (path === '/api/agents') return { json: { items: state.agents, total: state.agents.length } };
  const agent = path.match(/^\/api\/agents\/([^/]+)$/);
  if (agent) {
    const found = agents.find((a) => a.reference === agent[1]);
    return found ? { json: found } : problem(404, 'agent_not_found', `there is no agent "${agent[1]}"`);
  }
  if (path === '/api/conversations') {
    const items = state.conversations.filter(
      (c) =>
        (!url.searchParams.get('agent') || c.agent === url.searchParams.get('agent')) &&
        (!url.searchParams.get('status') || c.status === url.searchParams.get('status')),
    );
    return { json: { items, total: items.length } };
  }
  const one = path.match(/^\/api\/conversations\/([^/]+)(\/\w+)?$/);
  const known = one && state.conversations.find((c) => c.id === one[1]);
  if (one && !known) return problem(404, 'conversation_not_found', 'there is no such conversation');
  if (one?.[2] === '/peaks') return { json: peaks };
  if (one?.[2] === '/events') return { json: { items: [] } };
  if (one?.[2] === '/recording') return { wav: recording() };
  if (one && method === 'DELETE') {
    state.conversations = state.conversations.filter((c) => c !== known);
    return { status: 204 };
  }
  if (known) {
    const recorded = known.status === 'active' ? { available: false, duration_ms: 0, url: '' } : conversation.recording;
    return { json: { ...conversation, ...known, recording: recorded } };
  }
  return undefined;
}

/** Starts the mock; close() ends it. The lists can be changed through state. */
export function start(port = 5000) {
  const state = { agents: [...agents], conversations: [...conversations], refuse: false };
  const server = createServer((req, res) => {
    const url = new URL(req.url ?? '/', 'http://mock');
    if (url.pathname.startsWith('/api/')) {
      if (state.refuse) return res.destroy();
      const a = answer(req.method, url, state);
      if (a?.wav) return wav(req, res, a.wav);
      res.writeHead(a ? (a.status ?? 200) : 404, { 'Content-Type': 'application/json' });
      return res.end(a?.json ? JSON.stringify(a.json) : undefined);
    }
    const file = `${dist}${url.pathname.slice(1)}`;
    if (extname(file) && existsSync(file)) {
      res.writeHead(200, { 'Content-Type': kinds[extname(file)] ?? 'text/plain' });
      return res.end(readFileSync(file));
    }
    const nonce = randomBytes(16).toString('base64url');
    res.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8', 'Content-Security-Policy': policy(nonce) });
    res.end(readFileSync(`${dist}index.html`, 'utf8').replaceAll('__NONCE__', nonce));
  });
  const sockets = new WebSocketServer({ server, path: '/v1/realtime' });
  sockets.on('connection', (ws, req) => {
    const reference = new URL(req.url, 'http://mock').searchParams.get('model')?.replace('agent:', '');
    const agent = agents.find((a) => a.reference === reference);
    if (agent) new Session(ws, agent);
    else ws.close(4000, 'invalid_request_error.agent_not_found');
  });
  return new Promise((resolve) => {
    server.listen(port, '127.0.0.1', () =>
      resolve({
        state,
        sockets,
        url: `http://127.0.0.1:${server.address().port}`,
        close: () => {
          for (const ws of sockets.clients) ws.terminate();
          server.close();
        },
      }),
    );
  });
}

function wav(req, res, data) {
  const range = req.headers.range?.match(/bytes=(\d+)-(\d*)/);
  const from = range ? Number(range[1]) : 0;
  const to = range?.[2] ? Number(range[2]) : data.length - 1;
  const head = { 'Content-Type': 'audio/wav', 'Accept-Ranges': 'bytes', 'Content-Length': to - from + 1 };
  res.writeHead(range ? 206 : 200, range ? { ...head, 'Content-Range': `bytes ${from}-${to}/${data.length}` } : head);
  res.end(data.subarray(from, to + 1));
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const mock = await start(Number(process.argv[2] ?? 5000));
  console.log(mock.url);
}
