import type { Agent } from '~/api/agents';
import { type GalleryFilter, sorts } from './api';

type Raw = Record<string, unknown>;

const text = (value: unknown) => (typeof value === 'string' && value !== '' ? value : undefined);

const statuses = ['draft', 'active'] as const;

export const galleryFilter = (search: Raw): GalleryFilter => ({
  search: text(search.search) ?? (typeof search.search === 'number' ? String(search.search) : undefined),
  status: statuses.find((s) => s === search.status),
  model: text(search.model),
  language: text(search.language),
  sort: sorts.find((s) => s === search.sort),
});

export interface AgentSearch {
  tab?: 'versions' | 'embed';
  /** The version that is looked at. */
  version?: number;
}

export const agentTab = (search: Raw): AgentSearch => ({
  tab: search.tab === 'versions' || search.tab === 'embed' ? search.tab : undefined,
  version: typeof search.version === 'number' && search.version >= 1 ? Math.floor(search.version) : undefined,
});

const kinds = ['voice', 'text', 'avatar'] as const;

export interface WizardSearch {
  /** Reference of the agent that is changed. */
  agent?: string;
  /** Number of the step: stepNumbers. */
  step?: number;
  kind?: Agent['kind'];
  /** Id of a template to begin with. */
  template?: string;
}

export const wizardSearch = (search: Raw): WizardSearch => ({
  agent: text(search.agent),
  step: typeof search.step === 'number' && search.step >= 1 && search.step <= 5 ? Math.floor(search.step) : undefined,
  kind: kinds.find((k) => k === search.kind),
  template: text(search.template),
});

/** Where the agents of a kind are. */
export const galleryOf = {
  voice: '/agents/gallery',
  text: '/text-agents/gallery',
  avatar: '/azure-avatar/gallery',
} as const satisfies Record<Agent['kind'], string>;
