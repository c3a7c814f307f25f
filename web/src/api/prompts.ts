import type { components } from '~/api/schema';

type Schemas = components['schemas'];
export type Template = Schemas['Template'];
export type TemplateDetail = Schemas['TemplateDetail'];
export type TemplateVariable = Schemas['TemplateVariable'];
export type PromptPhase = Schemas['PromptPhase'];
export type PromptDraft = Schemas['PromptDraft'];
export type PromptFinding = Schemas['PromptFinding'];
export type PromptText = Schemas['PromptText'];
