import { useTranslation } from 'react-i18next';
import type { Flow } from './api';

/** What a flow is called: one's own by its name, one of the product in the reader's language. */
export function useTitle(flow: Pick<Flow, 'name' | 'source' | 'title' | 'about'>): { title: string; about: string } {
  const { language } = useTranslation().i18n;
  const own = flow.source === 'own';
  return {
    title: own ? flow.name : (flow.title[language] ?? flow.name),
    about: flow.about[language] ?? Object.values(flow.about)[0] ?? '',
  };
}
