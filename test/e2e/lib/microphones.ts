import { build } from './paths.ts';

const voice = '/usr/share/asterisk/sounds/en_US_f_Allison';

/** What a browser hears as its microphone: recorded prompts of a person on a timeline that begins when the page opens it. */
export const microphones = {
  /**
   * Asks for the opening hours once the greeting (5 s) is over, and asks for a moment in the middle of the answer (9 s). What is missing at its
   * end is silence.
   */
  interrupts: ['10s', `${voice}/hours.g722`, '5s', `${voice}/one-moment-please.g722`, '60s'],
  /** Asks for the opening hours in the middle of whatever is said after 12 s. */
  speaksLate: ['12s', `${voice}/hours.g722`, '60s'],
  /** Asks for the opening hours, for a program to send. */
  hours: [`${voice}/hours.g722`],
  /** A longer sentence, likewise. */
  sentence: [`${voice}/vm-nobodyavail.g722`],
  /** Says nothing. */
  silent: ['120s'],
} satisfies Record<string, string[]>;

export type Microphone = keyof typeof microphones;

export const microphoneFile = (name: Microphone) => `${build}/${name}.wav`;
