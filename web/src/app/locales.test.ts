import en from '@locales/en';
import enChat from '@locales/en/chat.json';
import enEmbed from '@locales/en/embed.json';
import enFlows from '@locales/en/flows.json';
import enPhone from '@locales/en/phone.json';
import enTools from '@locales/en/tools.json';
import es from '@locales/es';
import esChat from '@locales/es/chat.json';
import esEmbed from '@locales/es/embed.json';
import esFlows from '@locales/es/flows.json';
import esPhone from '@locales/es/phone.json';
import esTools from '@locales/es/tools.json';
import fr from '@locales/fr';
import frChat from '@locales/fr/chat.json';
import frEmbed from '@locales/fr/embed.json';
import frFlows from '@locales/fr/flows.json';
import frPhone from '@locales/fr/phone.json';
import frTools from '@locales/fr/tools.json';
import { describe, expect, it } from 'vitest';

const plural = /_(zero|one|two|few|many|other)$/;

function flat(tree: object, prefix = ''): Map<string, string> {
  const out = new Map<string, string>();
  for (const [key, value] of Object.entries(tree)) {
    const path = prefix ? `${prefix}.${key}` : key;
    if (typeof value === 'string') out.set(path, value);
    else for (const [k, v] of flat(value, path)) out.set(k, v);
  }
  return out;
}

const words = {
  fr: flat({ ...fr, chat: frChat, embed: frEmbed, flows: frFlows, phone: frPhone, tools: frTools }),
  en: flat({ ...en, chat: enChat, embed: enEmbed, flows: enFlows, phone: enPhone, tools: enTools }),
  es: flat({ ...es, chat: esChat, embed: esEmbed, flows: esFlows, phone: esPhone, tools: esTools }),
};
const stems = (map: Map<string, string>) => new Set([...map.keys()].map((k) => k.replace(plural, '')));
const holes = (text: string) => [...text.matchAll(/\{\{\s*(\w+)\s*\}\}/g)].map((m) => m[1]).toSorted();
const tags = (text: string) => [...text.matchAll(/<\/?\w+>/g)].map((m) => m[0]).toSorted();

describe.each(['en', 'es'] as const)('%s', (language) => {
  it('has the keys of the French words, no more and no fewer', () => {
    expect([...stems(words[language])].toSorted()).toEqual([...stems(words.fr)].toSorted());
  });
  it('fills the same holes', () => {
    for (const [key, text] of words[language]) {
      const source = words.fr.get(key) ?? words.fr.get(key.replace(plural, '_other')) ?? '';
      expect({ key, holes: holes(text), tags: tags(text) }).toEqual({ key, holes: holes(source), tags: tags(source) });
    }
  });
});

it.each(['fr', 'en', 'es'] as const)('%s has every plural form of its own and no other', (language) => {
  const wanted = new Intl.PluralRules(language).resolvedOptions().pluralCategories.toSorted();
  const counted = [...words[language].keys()].filter((k) => plural.test(k)).map((k) => k.replace(plural, ''));
  expect(counted.length).toBeGreaterThan(0);
  for (const stem of new Set(counted)) {
    const forms = [...words[language].keys()].flatMap((k) =>
      k.replace(plural, '') === stem ? (k.match(plural)?.[1] ?? []) : [],
    );
    expect({ stem, forms: forms.toSorted() }).toEqual({ stem, forms: wanted });
  }
});

it('French sets its high punctuation off with a space that does not break', () => {
  for (const [key, text] of words.fr)
    expect({ key, text }).not.toMatchObject({ text: expect.stringMatching(/ [?!;:»]|« /) });
});

it('no word is empty', () => {
  for (const map of Object.values(words))
    for (const [key, text] of map) expect({ key, text: text.trim() }).not.toEqual({ key, text: '' });
});
