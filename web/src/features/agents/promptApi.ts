import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { api, unwrap } from '~/api/client';
import type { PromptDraft } from '~/api/prompts';

/** Languages in which there are templates and phases. */
const written = ['fr', 'en', 'es'];

/** The language of templates for an agent; of one that speaks another, that of the reader. */
export function writtenLanguage(agent: string, reader: string): string {
  const base = agent.split('-')[0] ?? '';
  return written.includes(base) ? base : reader;
}

export const templatesQuery = (lang: string) =>
  queryOptions({
    queryKey: ['templates', lang],
    queryFn: ({ signal }) => unwrap(api.GET('/api/templates', { signal, params: { query: { lang } } })),
    staleTime: Number.POSITIVE_INFINITY, // they come with the server
  });

export const templateQuery = (id: string, lang: string) =>
  queryOptions({
    queryKey: ['templates', lang, id],
    queryFn: ({ signal }) =>
      unwrap(api.GET('/api/templates/{id}', { signal, params: { path: { id }, query: { lang } } })),
    staleTime: Number.POSITIVE_INFINITY,
    enabled: id !== '',
  });

export const phasesQuery = (lang: string) =>
  queryOptions({
    queryKey: ['phases', lang],
    queryFn: ({ signal }) => unwrap(api.GET('/api/prompts/phases', { signal, params: { query: { lang } } })),
    staleTime: Number.POSITIVE_INFINITY,
  });

export const composedQuery = (draft: PromptDraft) =>
  queryOptions({
    queryKey: ['composed', draft],
    queryFn: ({ signal }) => unwrap(api.POST('/api/prompts/compose', { signal, body: draft })),
    enabled: draft.phases.length > 0 || (draft.role ?? '').trim() !== '',
    placeholderData: keepPreviousData,
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
  });

export const readInstructions = async (file: File, lang: string, kind: 'voice' | 'text') => {
  const body = await file.arrayBuffer(); // the server finds out how it is encoded
  return unwrap(
    api.POST('/api/prompts/import', {
      params: { query: { name: file.name, lang, kind } },
      body: body as unknown as string,
      bodySerializer: (raw) => raw,
      headers: { 'Content-Type': 'application/octet-stream' },
    }),
  );
};

export interface Wish {
  description: string;
  language: string;
  kind: 'voice' | 'text';
  current?: string;
  template?: string;
}

export const writeInstructions = (body: Wish) => unwrap(api.POST('/api/prompts/generate', { body }));
