import type { Definition } from './model';

/** What the parts of the editor get. */
export interface PartProps {
  d: Definition;
  /** In which language words are shown and changed. */
  lang: string;
  /** It can only be looked at. */
  fixed: boolean;
  /** about names what a change is about: changes in a row about the same are undone together. */
  edit(to: (now: Definition) => Definition, about?: string): void;
  choose(node?: string): void;
  /** Id of the chosen step. */
  chosen?: string;
  /** Where the trial stands. */
  current?: string;
  /** Ids of the steps with which something is wrong. */
  troubled: Set<string>;
}
