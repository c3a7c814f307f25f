import type { Spoken } from '~/lib/heard';

/** What a transcript shows, live or from the record. at is in ms from the start of the conversation. */
export type TranscriptLine = CallerEntry | AgentEntry | ToolEntry;

export interface CallerEntry {
  kind: 'caller';
  id: string;
  at: number;
  text: string;
  by: 'voice' | 'typed' | 'digits';
  /** listening: no words yet; partial: they may change; recognising: speech is over, words are awaited. */
  state: 'final' | 'partial' | 'listening' | 'recognising' | 'unrecognised';
  confidence?: number;
}

export interface AgentEntry {
  kind: 'agent';
  id: string;
  at: number;
  spoken: Spoken;
  /** The listener did not hear all of it; after is how much, in ms of sound. */
  cut?: { after: number };
  latencyMs?: number;
  /** The loudspeaker is at it right now. */
  sounding: boolean;
}

export interface ToolEntry {
  kind: 'tool';
  id: string;
  at: number;
  name: string;
  arguments: string;
  output?: string;
  status: 'called' | 'returned' | 'failed';
  tookMs?: number;
}
