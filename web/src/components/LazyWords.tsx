import i18n from 'i18next';
import { type ReactNode, Suspense, use } from 'react';
import { useTranslation } from 'react-i18next';
import { isLanguage, type Language } from '~/lib/language';

type Words = () => Promise<{ default: object }>;

/** Words that only some screens need, and that come with them rather than with the shell. */
const bundles = {
  embed: {
    fr: () => import('@locales/fr/embed.json'),
    en: () => import('@locales/en/embed.json'),
    es: () => import('@locales/es/embed.json'),
  },
  chat: {
    fr: () => import('@locales/fr/chat.json'),
    en: () => import('@locales/en/chat.json'),
    es: () => import('@locales/es/chat.json'),
  },
  flows: {
    fr: () => import('@locales/fr/flows.json'),
    en: () => import('@locales/en/flows.json'),
    es: () => import('@locales/es/flows.json'),
  },
  tools: {
    fr: () => import('@locales/fr/tools.json'),
    en: () => import('@locales/en/tools.json'),
    es: () => import('@locales/es/tools.json'),
  },
  phone: {
    fr: () => import('@locales/fr/phone.json'),
    en: () => import('@locales/en/phone.json'),
    es: () => import('@locales/es/phone.json'),
  },
} satisfies Record<string, Record<Language, Words>>;

type Namespace = keyof typeof bundles;

const loading = new Map<string, Promise<object>>();

function load(namespace: Namespace, language: Language): Promise<object> {
  const key = `${namespace}/${language}`;
  let words = loading.get(key);
  if (!words) {
    words = bundles[namespace][language]().then(
      (bundle) => bundle.default,
      (cause: unknown) => {
        loading.delete(key); // the next visit tries again
        throw cause;
      },
    );
    loading.set(key, words);
  }
  return words;
}

interface Props {
  namespace: Namespace;
  /** In the meantime. */
  waiting?: ReactNode;
  children: ReactNode;
}

/** Shows what is in it once its words are there, in the language that the console is shown in. */
export function LazyWords({ namespace, waiting, children }: Props) {
  return (
    <Suspense fallback={waiting ?? null}>
      <Ready namespace={namespace}>{children}</Ready>
    </Suspense>
  );
}

function Ready({ namespace, children }: Omit<Props, 'waiting'>) {
  const { language } = useTranslation().i18n;
  const known = isLanguage(language) ? language : 'fr';
  const words = use(load(namespace, known));
  if (!i18n.hasResourceBundle(known, namespace)) i18n.addResourceBundle(known, namespace, words);
  return children;
}
