import type fr from '@locales/fr';
import i18n from 'i18next';
import { initReactI18next } from 'react-i18next';
import { brand } from '~/app/brand';
import { firstLanguage, isLanguage, type Language } from '~/lib/language';

const storageKey = 'language';

/** Each language is fetched when it is first shown. */
const bundles: Record<Language, () => Promise<{ default: Record<keyof typeof fr, object> }>> = {
  fr: () => import('@locales/fr'),
  en: () => import('@locales/en'),
  es: () => import('@locales/es'),
};

/** Shows the console in a language from now on, and remembers it. */
export async function setLanguage(language: Language): Promise<void> {
  await load(language);
  try {
    localStorage.setItem(storageKey, language);
  } catch {
    // A browser that keeps nothing asks again next time.
  }
  document.documentElement.lang = language;
  await i18n.changeLanguage(language);
}

async function load(language: Language): Promise<void> {
  if (i18n.hasResourceBundle(language, 'common')) return;
  const words = (await bundles[language]()).default;
  for (const [namespace, bundle] of Object.entries(words)) i18n.addResourceBundle(language, namespace, bundle);
}

/** Makes the words ready. Without a language: as chosen before, else the browser's, else French. Fails when they cannot be fetched. */
export async function initI18n(language?: Language): Promise<void> {
  await i18n.use(initReactI18next).init({
    fallbackLng: false, // every language has every word, or does not build
    defaultNS: 'common',
    resources: {},
    returnNull: false,
    interpolation: { escapeValue: false, defaultVariables: { brand: brand.name } },
  });
  await setLanguage(language ?? firstLanguage(remembered(), navigator.languages));
}

function remembered(): Language | null {
  try {
    const value = localStorage.getItem(storageKey);
    return isLanguage(value) ? value : null;
  } catch {
    return null;
  }
}
