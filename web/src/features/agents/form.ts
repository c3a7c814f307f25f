import type { Agent, AgentDefinition, AgentKeys, Model, Voice } from '~/api/agents';
import type { TemplateDetail } from '~/api/prompts';

/** What the wizard asks for. It is a part of a definition: keys that it does not ask for stay as they are. */
export interface Form {
  kind: Agent['kind'];
  /** Id of the catalogue's model; '' when none is chosen, 'auto' for the server's own choice. */
  model: string;
  /** A flow, a model that is spoken to, or one that writes: it says in which key the model goes. */
  modelKind: 's2s' | 'llm' | 'flow';
  /** Ids of the models that answer when it cannot, in this order. */
  fallbacks: string[];
  /** BCP 47; '' when not chosen. */
  language: string;
  /** provider/id; '' when none is chosen, 'auto' for the server's own choice. */
  voice: string;
  rate: number;
  /** References. */
  tools: string[];
  instructions: string;
  greeting: string;
  name: string;
  description: string;
  /** How it converses in writing; only of agents that write. */
  chat: ChatForm;
  /** Keys that nobody is asked for, which a template brings. */
  more: AgentKeys;
}

/** Settings of written conversations. A field that was emptied keeps what the server has. */
export interface ChatForm {
  /** One a line. */
  suggestions: string;
  minutes: number | '';
  messages: number | '';
  save: boolean;
  /** #rrggbb, or ''. */
  color: string;
  avatar: string;
}

export const automatic = 'auto';
export const maxSuggestions = 6;

const plainChat: ChatForm = { suggestions: '', minutes: 30, messages: 100, save: true, color: '', avatar: '' };

/** Characters, as the server counts them. */
export const maxVoiceInstructions = 2000;
export const maxTextInstructions = 16_000;
export const maxName = 120;
export const maxTools = 8;
export const maxFallbacks = 4;

export const mostInstructions = (kind: Form['kind']) => (kind === 'text' ? maxTextInstructions : maxVoiceInstructions);

/** Characters as people count them, not the units that they are stored in. */
export const characters = (text: string) => [...text].length;

export const emptyForm = (kind: Form['kind']): Form => ({
  kind,
  model: '',
  modelKind: 'llm',
  fallbacks: [],
  language: '',
  voice: '',
  rate: 1,
  tools: [],
  instructions: '',
  greeting: '',
  name: '',
  description: '',
  chat: plainChat,
  more: {},
});

const set = (provider: string) => provider !== '' && provider !== 'none';

const idOf = (provider: string, name: string) => (name === '' ? provider : `${provider}/${name}`);

/** The provider and what follows it; names may hold further slashes. */
export function split(id: string): [provider: string, name: string] {
  const at = id.indexOf('/');
  return at < 0 ? [id, ''] : [id.slice(0, at), id.slice(at + 1)];
}

/** The form as an agent's definition fills it. */
export function formOf(d: AgentDefinition): Form {
  const whole = set(d.realtime.provider);
  const flow = d.model.flow !== '';
  const written = d.model.provider === automatic && d.status === 'draft' ? '' : idOf(d.model.provider, d.model.name);
  const voice = whole
    ? d.realtime.voice && `${d.realtime.provider}/${d.realtime.voice}`
    : d.voice.id && `${d.voice.provider}/${d.voice.id}`;
  return {
    kind: d.kind,
    model: whole ? idOf(d.realtime.provider, d.realtime.model) : flow ? `flow/${d.model.flow}` : written,
    modelKind: whole ? 's2s' : flow ? 'flow' : 'llm',
    fallbacks: d.model.fallbacks,
    language: d.language,
    voice: voice || automatic,
    rate: d.voice.rate,
    tools: d.tools,
    instructions: d.instructions,
    greeting: d.greeting.text,
    name: d.name,
    description: d.description,
    chat: {
      suggestions: d.chat.suggestions.join('\n'),
      minutes: minutesOf(d.chat.timeout),
      messages: d.chat.max_messages,
      save: d.chat.save,
      color: d.chat.color,
      avatar: d.chat.avatar,
    },
    more: {},
  };
}

/** 90 of 1h30m0s, as the server writes durations. */
function minutesOf(duration: string): number {
  const of = { h: 60, m: 1, s: 1 / 60 };
  return [...duration.matchAll(/(\d+(?:\.\d+)?)([hms])/g)].reduce(
    (sum, [, n, unit]) => sum + Number(n) * of[unit as keyof typeof of],
    0,
  );
}

function chatKeys(c: ChatForm): AgentKeys['chat'] {
  const keys: AgentKeys['chat'] = {
    suggestions: c.suggestions
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== ''),
    save: c.save,
    color: c.color,
    avatar: c.avatar.trim(),
  };
  if (c.minutes !== '') keys.timeout = `${c.minutes}m`;
  if (c.messages !== '') keys.max_messages = c.messages;
  return keys;
}

/** The definition's keys that a form stands for. What is not chosen is left to the server's default. */
export function keysOf(form: Form): AgentKeys {
  const [provider, name] = split(form.model);
  const chosen = form.model !== '' && form.model !== automatic;
  const whole = chosen && form.modelKind === 's2s';
  const [speaker, voice] = form.voice === '' || form.voice === automatic ? [automatic, ''] : split(form.voice);
  const keys: AgentKeys = {
    ...form.more,
    name: form.name,
    description: form.description,
    language: form.language === '' ? 'en' : form.language,
    tools: form.tools,
    instructions: form.instructions,
    greeting: { text: form.greeting },
  };
  if (!chosen) {
    keys.model = { flow: '', provider: automatic, name: '' };
    keys.realtime = { provider: 'none', model: '', voice: '' };
  } else if (whole) {
    keys.model = { flow: '', provider: automatic, name: '' };
    keys.realtime = { provider, model: name, voice };
  } else {
    // A flow hands over to the server's language model where there is one.
    keys.model =
      form.modelKind === 'flow' ? { flow: name, provider: automatic, name: '' } : { flow: '', provider, name };
    keys.realtime = { provider: 'none', model: '', voice: '' };
  }
  keys.model.fallbacks = form.fallbacks;
  if (form.kind === 'text') keys.chat = chatKeys(form.chat);
  else {
    keys.voice = whole
      ? { provider: automatic, id: '', rate: form.rate }
      : { provider: speaker, id: voice, rate: form.rate };
  }
  return keys;
}

type Tree = { [key: string]: unknown };
const isTree = (v: unknown): v is Tree => typeof v === 'object' && v !== null && !Array.isArray(v);

/** The keys of next whose values differ from those of base. */
export function changedKeys(base: AgentKeys, next: AgentKeys): AgentKeys {
  const differing = (a: Tree, b: Tree): Tree => {
    const out: Tree = {};
    for (const [key, value] of Object.entries(b)) {
      const was = a[key];
      if (isTree(value)) {
        const inner = differing(isTree(was) ? was : {}, value);
        if (Object.keys(inner).length > 0) out[key] = inner;
      } else if (JSON.stringify(was) !== JSON.stringify(value)) out[key] = value;
    }
    return out;
  };
  return differing(base as Tree, next as Tree) as AgentKeys;
}

/** Keys as "voice.id" with their values, as a nested definition. */
export function nested(flat: { path: string; value: unknown }[]): AgentKeys {
  const out: Tree = {};
  for (const { path, value } of flat) {
    const steps = path.split('.');
    const last = steps.pop() ?? path;
    let at = out;
    for (const step of steps) {
      at[step] = isTree(at[step]) ? at[step] : {};
      at = at[step] as Tree;
    }
    at[last] = value;
  }
  return out as AgentKeys;
}

/** The steps by the numbers that addresses have for them, whichever of them there are. */
export const stepNumbers = { model: 1, voice: 2, tools: 3, instructions: 4, publish: 5 } as const;
export type Step = keyof typeof stepNumbers;

/** An agent that writes has no voice. */
export function stepsOf(kind: Form['kind']): Step[] {
  const all = Object.keys(stepNumbers) as Step[];
  return kind === 'text' ? all.filter((s) => s !== 'voice') : all;
}

/** The step of a number, or the first one when the agent has no such step. */
export function stepOf(number: number, kind: Form['kind']): Step {
  return stepsOf(kind).find((s) => stepNumbers[s] === number) ?? 'model';
}

export type Field = 'model' | 'language' | 'voice' | 'instructions' | 'name';
export interface Missing {
  field: Field;
  /** Why: words of wizard.missing. */
  why: 'model' | 'language' | 'voice' | 'instructions' | 'instructionsLong' | 'name' | 'nameLong';
}

/** What a step lacks, in the order of the screen. */
export function missing(form: Form, step: Step): Missing[] {
  const out: Missing[] = [];
  const need = (when: boolean, field: Field, why: Missing['why'] = field) => when && out.push({ field, why });
  switch (step) {
    case 'model':
      need(form.model === '', 'model');
      break;
    case 'voice':
      need(form.language === '', 'language');
      need(form.language !== '' && form.voice === '', 'voice');
      break;
    case 'instructions':
      if (form.kind === 'text') need(form.language === '', 'language');
      need(form.instructions.trim() === '' && form.modelKind !== 'flow', 'instructions');
      need(characters(form.instructions) > mostInstructions(form.kind), 'instructions', 'instructionsLong');
      break;
    case 'publish':
      need(form.name.trim() === '', 'name');
      need(characters(form.name.trim()) > maxName, 'name', 'nameLong');
  }
  return out;
}

/** A step is done when nothing is missing in it and the person was there, or the agent was there before the person. */
export function firstIncomplete(form: Form): Step | undefined {
  return stepsOf(form.kind).find((step) => missing(form, step).length > 0);
}

/** Chooses a model, which then stands in for none. A voice that the model cannot have, and a language that it does not know, are taken back. */
export function withModel(form: Form, model: Model): Form {
  const kind = model.kind === 's2s' || model.kind === 'flow' ? model.kind : 'llm';
  const other = (kind === 's2s') !== (form.modelKind === 's2s');
  const [provider] = split(form.voice);
  const foreign = kind === 's2s' && provider !== model.provider;
  const keep = form.voice === automatic || !(other || foreign);
  const fallbacks = form.fallbacks.filter((id) => id !== model.id);
  return { ...form, model: model.id, modelKind: kind, fallbacks, voice: keep ? form.voice : '' };
}

/** Takes a template's words; a name that was given already stays. */
export const withTemplate = (form: Form, t: TemplateDetail): Form => ({
  ...form,
  instructions: t.instructions,
  greeting: t.greeting,
  name: form.name || t.name,
  description: form.description || t.description,
});

/** A new agent that is like a template, with the first model that can be had. Without a language model, one that receives people has the built-in flow. */
export function fromTemplate(kind: Form['kind'], t: TemplateDetail, models: Model[]): Form {
  const has = (wanted: Model['kind'], id?: string) =>
    models.find((m) => m.available && m.kind === wanted && (id === undefined || m.id === id));
  const model = has('llm') ?? (kind === 'text' ? undefined : has('flow', `flow/${t.id}`));
  const { turn, limits } = t.agent as Pick<AgentKeys, 'turn' | 'limits'>;
  const more = kind === 'text' ? { limits } : { turn, limits };
  const form = withTemplate({ ...emptyForm(kind), language: t.language, voice: automatic, more }, t);
  return model ? withModel(form, model) : form;
}

export const voiceKey = (v: Voice) => `${v.provider}/${v.id}`;

/** Chooses a voice; with it the agent's language is that of the voice. */
export function withVoice(form: Form, voice: Voice): Form {
  const own = voice.locale || voice.language;
  const base = (tag: string) => tag.split('-')[0];
  const language = own !== '' && (form.language === '' || base(own) !== base(form.language) || own.includes('-'));
  return { ...form, voice: voiceKey(voice), language: language ? own : form.language };
}

/** A voice is a speech-to-speech model's own, or one that reads. */
export const fits = (voice: Voice, kind: Form['modelKind']) =>
  voice.uses.includes(kind === 's2s' ? 'realtime' : 'voice');

export const withLanguage = (form: Form, language: string): Form => {
  const same = language.split('-')[0] === form.language.split('-')[0];
  return { ...form, language, voice: same || form.voice === automatic ? form.voice : '' };
};
