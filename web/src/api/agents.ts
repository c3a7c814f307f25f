import { unwrap } from '~/api/client';
import type { components } from '~/api/schema';

type Schemas = components['schemas'];
export type Agent = Schemas['Agent'];
export type AgentDetail = Schemas['AgentDetail'];
export type AgentDefinition = Schemas['AgentDefinition'];
export type AgentKeys = Schemas['AgentKeys'];
export type AgentList = Schemas['AgentList'];
export type AgentConflict = Schemas['AgentConflict'];
export type AgentVersion = Schemas['AgentVersion'];
export type Finding = Schemas['Finding'];
export type Diff = Schemas['Diff'];
export type Model = Schemas['Model'];
export type ModelFamily = Schemas['ModelFamily'];
export type Voice = Schemas['Voice'];
export type VoiceList = Schemas['VoiceList'];

/** Somebody else has saved the agent in between. Nothing was written. */
export class Changed extends Error {
  constructor(readonly conflict: AgentConflict) {
    super('agent_changed');
  }
}

/** The agent cannot be active like this. */
export class Incomplete extends Error {
  constructor(readonly findings: Finding[]) {
    super('agent_incomplete');
  }
}

/** As unwrap, for what changes an agent: the refusals that carry more than words are classes of their own. */
export async function changed<T>(request: Promise<{ data?: T; error?: unknown; response: Response }>): Promise<T> {
  let problem: Partial<Schemas['Problem']> | undefined;
  const kept = request.then((answer) => {
    if (!answer.response.ok && typeof answer.error === 'object') problem = answer.error as Partial<Schemas['Problem']>;
    return answer;
  });
  try {
    return await unwrap(kept);
  } catch (cause) {
    if (problem?.code === 'agent_changed' && problem.conflict) throw new Changed(problem.conflict);
    if (problem?.code === 'agent_incomplete' && problem.findings) throw new Incomplete(problem.findings);
    throw cause;
  }
}
