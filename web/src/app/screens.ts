import {
  IconChecklist,
  IconHistory,
  IconHome,
  IconKey,
  IconListSearch,
  IconMessage2,
  IconMoodSmile,
  IconPhone,
  IconPhoneCall,
  IconPlugConnected,
  IconRobotFace,
  IconRoute,
  IconTool,
  IconUser,
  IconUsers,
  IconWand,
} from '@tabler/icons-react';

/** The menus of the bar, in their order. A menu without a screen is not shown. */
export const menus = ['home', 'creation', 'galleries', 'dashboards'] as const;
export type MenuName = (typeof menus)[number];

/**
 * Every screen that the navigation, the palette and the shortcuts know: the one list to add to. Its words are shell.json's screen.<id>: name, help (one line), and
 * aliases that it is also found by. needs is the permission without which the page only explains who may open it; keys is typed one after the other.
 */
export const screens = [
  { id: 'home', to: '/', menu: 'home', icon: IconHome, match: /^\/$/, keys: 'gh' },
  {
    id: 'createAgent',
    to: '/agents/unified/create',
    menu: 'creation',
    icon: IconWand,
    match: /^\/agents\/unified\/create/,
    needs: 'agents:write',
    keys: 'ca',
  },
  {
    id: 'createTool',
    to: '/tools/add',
    menu: 'creation',
    icon: IconTool,
    match: /^\/tools\/add/,
    needs: 'tools:write',
    keys: 'ct',
  },
  {
    id: 'phone',
    to: '/assistant-vocal',
    menu: 'creation',
    icon: IconPhone,
    match: /^\/assistant-vocal/,
    needs: 'conversations:read',
  },
  {
    id: 'flows',
    to: '/flows',
    menu: 'creation',
    icon: IconRoute,
    match: /^\/flows/,
    needs: 'agents:read',
    keys: 'gf',
  },
  {
    id: 'agents',
    to: '/agents/gallery',
    menu: 'galleries',
    icon: IconRobotFace,
    match: /^\/agents\/(?!unified\b|voice-history\b)[^/]+(\/session)?\/?$/,
    keys: 'ga',
  },
  {
    id: 'textAgents',
    to: '/text-agents/gallery',
    menu: 'galleries',
    icon: IconMessage2,
    match: /^\/text-agents\/gallery/,
  },
  {
    id: 'avatars',
    to: '/azure-avatar/gallery',
    menu: 'galleries',
    icon: IconMoodSmile,
    match: /^\/azure-avatar\/gallery/,
  },
  {
    id: 'conversations',
    to: '/agents/voice-history',
    menu: 'galleries',
    icon: IconHistory,
    match: /^\/agents\/voice-history/,
    keys: 'gv',
  },
  {
    id: 'tools',
    to: '/tools',
    menu: 'galleries',
    icon: IconTool,
    match: /^\/tools(\/(?!add\b|approvals\b).*)?$/,
    needs: 'tools:read',
    keys: 'gt',
  },
  {
    id: 'approvals',
    to: '/tools/approvals',
    menu: 'dashboards',
    icon: IconChecklist,
    match: /^\/tools\/approvals/,
    needs: 'conversations:read',
  },
  { id: 'realtime', to: '/realtime-api.html', menu: 'dashboards', icon: IconPhoneCall, match: /^\/realtime-api\.html/ },
  {
    id: 'profile',
    to: '/settings/profile',
    menu: 'settings',
    icon: IconUser,
    match: /^\/settings\/profile/,
    keys: 'gs',
  },
  {
    id: 'people',
    to: '/settings/people',
    menu: 'settings',
    icon: IconUsers,
    match: /^\/settings\/people/,
    needs: 'people:read',
  },
  { id: 'keys', to: '/settings/keys', menu: 'settings', icon: IconKey, match: /^\/settings\/keys/, needs: 'keys:read' },
  {
    id: 'providers',
    to: '/settings/providers',
    menu: 'settings',
    icon: IconPlugConnected,
    match: /^\/settings\/providers/,
    needs: 'providers:read',
  },
  {
    id: 'audit',
    to: '/settings/audit',
    menu: 'settings',
    icon: IconListSearch,
    match: /^\/settings\/audit/,
    needs: 'audit:read',
  },
] as const;

export type Screen = (typeof screens)[number];

export const screensOf = (menu: Screen['menu'] | MenuName): Screen[] => screens.filter((s) => s.menu === menu);

export const settingsScreens = screensOf('settings');
