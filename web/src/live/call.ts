import { type Spoken, settled, speaking } from '~/lib/heard';
import type { AgentInfo, Floor, TurnEvent } from '~/live/protocol';

/** What has to happen before a call is on, in this order. */
export const steps = ['mic', 'network', 'agent'] as const;
export type StepName = (typeof steps)[number];

/** How far a step is. Times are those of performance.now(). */
export interface Step {
  name: StepName;
  state: 'waiting' | 'running' | 'done' | 'skipped' | 'failed';
  from?: number;
  to?: number;
}

/** Where a call stands. What happens on the screen follows from this and from nothing else. */
export type CallState =
  | { name: 'idle' }
  | { name: 'connecting'; step: StepName }
  | { name: 'listening'; caller: boolean }
  | { name: 'thinking' }
  | { name: 'speaking' }
  /** The caller spoke over the agent, whose sound has stopped: for good (over) and not settled yet, or until the server has decided. */
  | { name: 'held'; response: string; over: boolean }
  | { name: 'ended'; reason: string }
  | { name: 'failed'; code: FailureCode; detail?: string };

export type FailureCode = 'refused' | 'lost' | 'timeout' | 'sound' | 'server';

export type MicState = 'off' | 'asking' | 'on' | 'muted' | MicFault;
export type MicFault = 'denied' | 'missing' | 'busy' | 'insecure' | 'unavailable' | 'lost';

/** The caller's words. Before it is final the text may still change. */
export interface CallerLine {
  kind: 'caller';
  id: string;
  at: number;
  text: string;
  by: 'voice' | 'typed' | 'digits';
  state: 'speaking' | 'recognising' | 'final' | 'failed';
}

/** The agent's words and how much of them was heard. */
export interface AgentLine {
  kind: 'agent';
  id: string;
  response: string;
  at: number;
  text: string;
  /** Written on the screen only: there is no sound to wait for. */
  written: boolean;
  started: boolean;
  heardBytes: number;
  /** How much of its sound was heard, in ms. */
  heardMs: number;
  outcome?: { said: string; heard: string; cut: boolean; uptoMs: number };
  latencyMs?: number;
}

export interface ToolLine {
  kind: 'tool';
  id: string;
  at: number;
  name: string;
  arguments: string;
  status: 'called' | 'returned' | 'failed';
  output?: string;
  tookMs?: number;
}

/** One thing in the transcript. at is in ms from the start of the session, on the clock of the speech and not of its arrival. */
export type CallLine = CallerLine | AgentLine | ToolLine;

export interface CallNotice {
  code: string;
  message: string;
  params: Record<string, string>;
  /** How often it came. */
  count: number;
  severity: 'info' | 'error';
}

/** All that a screen may know of a call: a value, replaced as a whole by every change. */
export interface Call {
  state: CallState;
  steps: Step[];
  /** The step that the agent's call flow is at. */
  node?: string;
  floor: Floor;
  /** performance.now() when the session began. */
  openedAt?: number;
  endedAt?: number;
  conversation?: string;
  agent?: AgentInfo;
  maxDurationMs?: number;
  mic: { state: MicState; label: string; trouble?: 'silent' | 'clipping' };
  /** The browser keeps the sound back until the person clicks. */
  soundBlocked: boolean;
  lines: CallLine[];
  turns: TurnEvent[];
  notices: CallNotice[];
  /** When the first sample of the caller's audio was sent, in ms from the start of the session. */
  inputAt: number;
  /** The response that is being made or heard. */
  response?: string;
}

export function newCall(): Call {
  return {
    state: { name: 'idle' },
    steps: steps.map((name) => ({ name, state: 'waiting' })),
    floor: 'none',
    mic: { state: 'off', label: '' },
    soundBlocked: false,
    lines: [],
    turns: [],
    notices: [],
    inputAt: 0,
  };
}

/** A call that can neither hear nor say anything any more. */
export function isOver(state: CallState): state is Extract<CallState, { name: 'ended' | 'failed' }> {
  return state.name === 'ended' || state.name === 'failed';
}

export function isLive(state: CallState): boolean {
  return !isOver(state) && state.name !== 'idle' && state.name !== 'connecting';
}

/** How an agent's line stands with the listener. */
export function spokenOf(line: AgentLine): Spoken {
  if (line.outcome) return settled(line.outcome.said, line.outcome.heard, line.outcome.cut);
  if (line.written) return { heard: line.text, ahead: '', unheard: '' };
  return speaking(line.text, line.heardBytes);
}
