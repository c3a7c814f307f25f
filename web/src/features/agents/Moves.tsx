import { ActionIcon } from '@mantine/core';
import { IconArrowDown, IconArrowUp, IconX } from '@tabler/icons-react';
import type { ReactNode } from 'react';

interface Props {
  /** Where it is among how many. */
  at: number;
  count: number;
  move(to: number): void;
  remove(): void;
  /** Names of the buttons, which say what they move. */
  words: { up: string; down: string; remove: string };
}

/** The buttons of one thing in a list that has an order. */
export function Moves({ at, count, move, remove, words }: Props) {
  return (
    <>
      <Act label={words.up} off={at === 0} act={() => move(at - 1)}>
        <IconArrowUp size={16} stroke={1.8} aria-hidden />
      </Act>
      <Act label={words.down} off={at === count - 1} act={() => move(at + 1)}>
        <IconArrowDown size={16} stroke={1.8} aria-hidden />
      </Act>
      <Act label={words.remove} act={remove}>
        <IconX size={16} stroke={1.8} aria-hidden />
      </Act>
    </>
  );
}

function Act({ label, off, act, children }: { label: string; off?: boolean; act(): void; children: ReactNode }) {
  return (
    <ActionIcon variant="subtle" color="gray" size="sm" aria-label={label} disabled={off} onClick={act}>
      {children}
    </ActionIcon>
  );
}
