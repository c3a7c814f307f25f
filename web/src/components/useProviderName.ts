import { useTranslation } from 'react-i18next';

/** Names of providers in the reader's language; one whose name is a brand is called as the server calls it. */
export function useProviderName(): (id: string, name: string) => string {
  const { t, i18n } = useTranslation();
  return (id, name) => (i18n.exists(`provider.${id}`) ? t(`provider.${id}` as 'provider.local') : name);
}
