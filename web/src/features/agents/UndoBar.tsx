import { Button } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Agent } from '~/api/agents';
import { restoreAgent } from './api';
import classes from './Gallery.module.css';
import { useProblem } from './useProblem';

/** How long an agent can be brought back from where it was deleted, in seconds. */
const undoSeconds = 10;

/** Says that an agent is gone, and brings it back. Whoever points at it, or has the focus in it, has all the time. */
export function UndoBar({ agent, close }: { agent: Agent; close(restored: boolean): void }) {
  const { t } = useTranslation('agents');
  const { problem } = useProblem();
  const queries = useQueryClient();
  const [left, setLeft] = useState(undoSeconds);
  const [held, setHeld] = useState(false);
  const back = useMutation({
    mutationFn: () => restoreAgent(agent.reference),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ['agents'] });
      close(true);
    },
  });
  const stopped = held || back.isPending || back.isError;
  useEffect(() => {
    if (stopped) return;
    const timer = setTimeout(() => (left > 1 ? setLeft(left - 1) : close(false)), 1000);
    return () => clearTimeout(timer);
  }, [left, stopped, close]);
  return (
    <div className={classes.undo}>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: it only keeps what it holds from going away */}
      <div
        className={classes.undoBox}
        onMouseEnter={() => setHeld(true)}
        onMouseLeave={() => setHeld(false)}
        onFocus={() => setHeld(true)}
        onBlur={() => setHeld(false)}
      >
        <span role="status">{t('deleted', { name: agent.name || agent.reference })}</span>
        {back.error && <span role="alert">{problem(back.error)}</span>}
        <Button size="compact-sm" variant="light" loading={back.isPending} onClick={() => back.mutate()}>
          {t('undo')}
          <span aria-hidden>{` (${left} s)`}</span>
        </Button>
      </div>
    </div>
  );
}
