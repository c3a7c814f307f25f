import type fr from '@locales/fr';
import type phone from '@locales/fr/phone.json';
import type tools from '@locales/fr/tools.json';
import 'i18next';

declare module 'i18next' {
  interface CustomTypeOptions {
    defaultNS: 'common';
    resources: typeof fr & { phone: typeof phone; tools: typeof tools };
  }
}
