import type fr from '@locales/fr';
import type chat from '@locales/fr/chat.json';
import type embed from '@locales/fr/embed.json';
import type flows from '@locales/fr/flows.json';
import type phone from '@locales/fr/phone.json';
import type tools from '@locales/fr/tools.json';
import 'i18next';

declare module 'i18next' {
  interface CustomTypeOptions {
    defaultNS: 'common';
    resources: typeof fr & {
      chat: typeof chat;
      embed: typeof embed;
      flows: typeof flows;
      phone: typeof phone;
      tools: typeof tools;
    };
  }
}
