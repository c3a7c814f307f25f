import { useTranslation } from 'react-i18next';

/** Words for permissions; a permission that is newer than the console reads as it is called. */
export function useScopeWords(): (scope: string) => string {
  const { t, i18n } = useTranslation('settings');
  return (scope) => {
    const key = `scope.${scope.replace(':', '_')}`;
    return i18n.exists(`settings:${key}`) ? t(key as 'scope.talk') : scope;
  };
}
