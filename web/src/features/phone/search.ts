/** The pages of the phone assistant, by the names of the specification's tabs. That of call flows leads to their own pages. */
export const tabs = ['calls', 'voice-test', 'flows', 'history', 'config'] as const;
export type Tab = (typeof tabs)[number];

export const lists = ['calls', 'messages', 'recordings'] as const;
export type List = (typeof lists)[number];

export const outcomes = [
  'answered',
  'busy',
  'no_answer',
  'declined',
  'cancelled',
  'invalid_number',
  'unreachable',
  'congestion',
  'forbidden',
  'incompatible',
  'failed',
] as const;
export type Outcome = (typeof outcomes)[number];

const directions = ['inbound', 'outbound'] as const;
export type Direction = (typeof directions)[number];

/** What the page shows; its address. */
export interface PhoneSearch {
  tab?: Tab;
  list?: List;
  q?: string;
  direction?: Direction;
  outcome?: Outcome;
}

/** The address, with what is not known left out. */
export function phoneSearch(search: Record<string, unknown>): PhoneSearch {
  const one = <T extends string>(all: readonly T[], value: unknown) => all.find((x) => x === value);
  return {
    tab: one(tabs, search.tab),
    list: one(lists, search.list),
    q: typeof search.q === 'string' && search.q !== '' ? search.q : undefined,
    direction: one(directions, search.direction),
    outcome: one(outcomes, search.outcome),
  };
}
