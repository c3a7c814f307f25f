import { ApiError } from '~/api/client';

export type Modality = 'text' | 'audio';

/** What the form holds. */
export interface Wish {
  model: string;
  voice: string;
  instructions: string;
  modalities: Modality[];
  temperature: number | '';
  maxTokens: number | '';
}

export const firstWish: Wish = {
  model: '',
  voice: 'alloy',
  instructions: '',
  modalities: ['text', 'audio'],
  temperature: 0.8,
  maxTokens: '',
};

/** The voices that the protocol names. */
export const voices = ['alloy', 'echo', 'shimmer'] as const;

/** The session of a call as the API takes it. */
export interface Session {
  model: string;
  modalities: Modality[];
  voice: string;
  instructions?: string;
  temperature?: number;
  max_response_output_tokens?: number;
}

/** The form's content as the API takes it; what was left out is left out. */
export function sessionOf(wish: Wish): Session {
  const session: Session = { model: wish.model.trim(), modalities: wish.modalities, voice: wish.voice.trim() };
  if (wish.instructions.trim() !== '') session.instructions = wish.instructions.trim();
  if (wish.temperature !== '') session.temperature = wish.temperature;
  if (wish.maxTokens !== '') session.max_response_output_tokens = wish.maxTokens;
  return session;
}

export type Field = keyof Wish;

const fields: [RegExp, Field][] = [
  [/voice/, 'voice'],
  [/model$/, 'model'],
  [/modalities/, 'modalities'],
  [/instructions/, 'instructions'],
  [/temperature/, 'temperature'],
  [/tokens/, 'maxTokens'],
];

/** The field of the form that an error of the API is about, if it is about one. */
export function fieldOf(error: unknown): Field | undefined {
  if (!(error instanceof ApiError) || !error.field?.startsWith('session.')) return undefined;
  return fields.find(([pattern]) => pattern.test(error.field ?? ''))?.[1];
}
