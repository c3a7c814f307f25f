import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a chat model is asked, as far as these tests read it. */
export interface ChatRequest {
  messages: { role: 'system' | 'user' | 'assistant' | 'tool'; content: string | null; tool_call_id?: string }[];
  tools?: { function: { name: string; description?: string; parameters?: unknown } }[];
}

/** What it answers: words, words with a wait between each two, or a call of one of the tools. */
export type ChatAnswer = string | { say: string[]; wait(): Promise<void> } | { call: string; arguments: Record<string, unknown> };

/** Sixty words that take long to say. */
export const story = Array.from({ length: 20 }, (_, i) => `Then came visitor ${i + 1}.`).join(' ');

/** What the model of these tests says: it asks for the weather by a tool, tells a story that lasts, and else says when the shop is open. */
function usual({ messages, tools }: ChatRequest): ChatAnswer {
  const last = messages.at(-1);
  if (last?.role === 'tool') return `The report says: ${last.content}.`;
  const said = last?.content?.toLowerCase() ?? '';
  const tool = tools?.[0]?.function.name;
  if (tool && said.includes('weather')) return { call: tool, arguments: { city: 'Dakar' } };
  if (said.includes('story')) return story;
  return 'We are open from nine to six.';
}

/** A language model behind the chat interface that servers of models share, on a port of its own. It streams. */
export class ChatModel {
  /** What it was asked, in order. */
  readonly asked: ChatRequest[] = [];
  private readonly server: Server = createServer((request, response) => void this.serve(request, response));

  constructor(private readonly answer: (request: ChatRequest) => ChatAnswer = usual) {}

  async start(): Promise<this> {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    return this;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/v1`;
  }

  async stop(): Promise<void> {
    this.server.close();
    this.server.closeAllConnections();
    await once(this.server, 'close');
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.url?.endsWith('/models')) {
      response.writeHead(200, { 'Content-Type': 'application/json' });
      response.end(JSON.stringify({ object: 'list', data: [{ id: 'scripted', object: 'model' }] }));
      return;
    }
    const body: Buffer[] = [];
    for await (const chunk of request) body.push(chunk as Buffer);
    if (!request.url?.endsWith('/chat/completions')) {
      response.writeHead(404).end();
      return;
    }
    const asked = JSON.parse(Buffer.concat(body).toString()) as ChatRequest;
    this.asked.push(asked);
    const answer = this.answer(asked);
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    const send = (delta: object, finish: string | null = null) => {
      const choices = [{ index: 0, delta, finish_reason: finish }];
      response.write(`data: ${JSON.stringify({ id: 'c1', object: 'chat.completion.chunk', choices })}\n\n`);
    };
    if (typeof answer === 'object' && 'say' in answer) {
      for (const [n, part] of answer.say.entries()) {
        if (n > 0) await answer.wait();
        send({ role: 'assistant', content: part });
      }
    } else if (typeof answer === 'string') {
      for (const word of answer.split(/(?<= )/)) send({ role: 'assistant', content: word });
    } else {
      const call = { name: answer.call, arguments: JSON.stringify(answer.arguments) };
      send({ role: 'assistant', tool_calls: [{ index: 0, id: `call_${this.asked.length}`, type: 'function', function: call }] });
    }
    send({}, typeof answer === 'object' && 'call' in answer ? 'tool_calls' : 'stop');
    const usage = { prompt_tokens: 20, completion_tokens: 5, total_tokens: 25 };
    response.end(`data: ${JSON.stringify({ id: 'c1', object: 'chat.completion.chunk', choices: [], usage })}\n\ndata: [DONE]\n\n`);
  }
}
