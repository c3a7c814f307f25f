import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server as HttpServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** As much of Twilio as the console's pages need: calls that ring until somebody answers or ends them, messages, and the account's numbers. */
export class Carrier {
  readonly account = `AC${'0'.repeat(32)}`;
  readonly token = 'a-token';
  readonly calls: { sid: string; to: string; status: string; callback: string }[] = [];
  readonly messages: { to: string; body: string }[] = [];
  private readonly server: HttpServer = createServer((request, response) => void this.serve(request, response));

  async start(): Promise<this> {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    return this;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.server.close();
    this.server.closeAllConnections();
    await once(this.server, 'close');
  }

  /** Somebody sends a message to one of the account's numbers. Returns the status of the server's answer. */
  async writes(server: string, from: string, to: string, body: string): Promise<number> {
    const form = { AccountSid: this.account, Body: body, From: from, MessageSid: `SM${Date.now()}`, NumMedia: '0', To: to };
    return this.post(`${server}/telephony/twilio/text`, form);
  }

  /** Tells the server what became of a call, as Twilio does. */
  async tells(sid: string, status: string): Promise<number> {
    const call = this.calls.find((c) => c.sid === sid);
    return this.post(call?.callback ?? '', { AccountSid: this.account, CallSid: sid, CallStatus: status });
  }

  private async post(address: string, form: Record<string, string>): Promise<number> {
    const text = Object.keys(form)
      .sort()
      .reduce((all, key) => all + key + form[key], address);
    const signature = createHmac('sha1', this.token).update(text).digest('base64');
    const answer = await fetch(address, { method: 'POST', headers: { 'X-Twilio-Signature': signature }, body: new URLSearchParams(form) });
    return answer.status;
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = '';
    for await (const chunk of request) body += chunk;
    const form = new URLSearchParams(body);
    const path = new URL(request.url ?? '/', this.url).pathname.replace(`/2010-04-01/Accounts/${this.account}`, '');
    const answer = (status: number, value: unknown) => response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(value));
    const call = this.calls.find((c) => path === `/Calls/${c.sid}.json`);
    if (path === '/Calls.json' && request.method === 'POST') {
      const made = { sid: `CA${String(this.calls.length).padStart(32, '0')}`, to: form.get('To') ?? '', status: 'queued', callback: form.get('StatusCallback') ?? '' };
      this.calls.push(made);
      return void answer(201, made);
    }
    if (call && request.method === 'POST') {
      call.status = form.get('Status') ?? call.status;
      return void answer(200, call);
    }
    if (call) return void answer(200, call);
    if (path === '/Messages.json' && request.method === 'POST') {
      this.messages.push({ to: form.get('To') ?? '', body: form.get('Body') ?? '' });
      return void answer(201, { sid: `SM${this.messages.length}`, status: 'queued' });
    }
    if (path === '.json') return void answer(200, { status: 'active', type: 'Full' });
    if (path === '/IncomingPhoneNumbers.json') {
      return void answer(200, { incoming_phone_numbers: [{ phone_number: '+33123456789', voice_url: '', sms_url: '' }], next_page_uri: null });
    }
    answer(404, { code: 20404, message: 'not found' });
  }
}
