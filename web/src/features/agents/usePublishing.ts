import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { AgentDetail } from '~/api/agents';
import { publishAgent } from './api';
import type { Draft, DraftState } from './draft';
import { missing, type Step, stepsOf } from './form';

export interface Publishing {
  /** What became of it. renewed: it was active before. */
  done?: { agent: AgentDetail; renewed: boolean };
  error: Error | null;
  busy: boolean;
  /** A step before the last in which something is missing. */
  gap?: Step;
  start(): void;
}

/** Saves what is not saved, and makes a draft active. */
export function usePublishing(draft: Draft, { form, agent }: DraftState): Publishing {
  const queries = useQueryClient();
  const [done, setDone] = useState<Publishing['done']>();
  const renewed = agent?.status === 'active';
  const publishing = useMutation({
    mutationFn: async () => {
      if (!(await draft.flush())) return undefined; // the state of the draft says why
      const saved = draft.read().agent;
      if (!saved || renewed) return saved;
      return publishAgent(saved.reference, saved.etag);
    },
    onSuccess: async (made) => {
      if (!made) return;
      draft.adopt(made);
      setDone({ agent: made, renewed });
      await queries.invalidateQueries({ queryKey: ['agents'] });
    },
  });
  return {
    done,
    error: publishing.error,
    busy: publishing.isPending,
    gap: stepsOf(form.kind).find((s) => s !== 'publish' && missing(form, s).length > 0),
    start: () => {
      setDone(undefined);
      publishing.mutate();
    },
  };
}
