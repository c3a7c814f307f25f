import type { Server } from './server.ts';

/** What these tests read of the server's API; docs and types of all of it are in the OpenAPI document. */
export interface Conversation {
  id: string;
  agent: string;
  status: 'active' | 'ended' | 'failed';
  duration_ms: number;
  turns: number;
  interruptions: number;
  end_reason: string;
  latency_p50_ms?: number;
}

export interface Line {
  item: string;
  role: 'user' | 'agent' | 'tool';
  text: string;
  said?: string;
  heard?: string;
  cut?: boolean;
  at_ms: number;
  end_ms?: number;
  source?: string;
  latency_ms?: number;
}

export interface ConversationDetail extends Conversation {
  transcript: Line[];
  notices: { code: string; message: string }[];
  recording: { available: boolean; duration_ms: number; url: string };
}

export interface LoggedEvent {
  at: string;
  seq: number;
  type: string;
  body: Record<string, unknown>;
}

export class Api {
  constructor(private readonly server: Server) {}

  conversations = async () => (await this.get<{ items: Conversation[] }>('/api/conversations')).items;
  conversation = (id: string) => this.get<ConversationDetail>(`/api/conversations/${id}`);
  events = async (id: string) => (await this.get<{ items: LoggedEvent[] }>(`/api/conversations/${id}/events`)).items;

  async recording(id: string): Promise<Buffer> {
    const answer = await this.fetch(`/api/conversations/${id}/recording`);
    return Buffer.from(await answer.arrayBuffer());
  }

  private async get<T>(path: string): Promise<T> {
    return (await this.fetch(path)).json() as Promise<T>;
  }

  private async fetch(path: string): Promise<Response> {
    const answer = await fetch(`${this.server.url}${path}`);
    if (!answer.ok) throw new Error(`GET ${path}: ${answer.status} ${await answer.text()}`);
    return answer;
  }
}
