import fr from '@locales/fr';
import i18n from 'i18next';
import { initReactI18next } from 'react-i18next';
import { brand } from '~/app/brand';
import { firstLanguage, isLanguage, type Language } from '~/lib/language';

const storageKey = 'language';

/** French comes with the first script; the others are fetched when they are chosen. */
const others: Record<Exclude<Language, 'fr'>, () => Promise<{ default: Record<keyof typeof fr, object> }>> = {
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
  if (language === 'fr' || i18n.hasResourceBundle(language, 'common')) return;
  const words = (await others[language]()).default;
  for (const [namespace, bundle] of Object.entries(words)) i18n.addResourceBundle(language, namespace, bundle);
}

/** Makes the words ready. Without a language: as chosen before, else the browser's, else French. */
export async function initI18n(language?: Language): Promise<void> {
  await i18n.use(initReactI18next).init({
    lng: 'fr',
    fallbackLng: 'fr',
    defaultNS: 'common',
    resources: { fr },
    returnNull: false,
    interpolation: { escapeValue: false, defaultVariables: { brand: brand.name } },
  });
  await setLanguage(language ?? firstLanguage(remembered(), navigator.languages)).catch(() => undefined);
}

function remembered(): Language | null {
  try {
    const value = localStorage.getItem(storageKey);
    return isLanguage(value) ? value : null;
  } catch {
    return null;
  }
}
