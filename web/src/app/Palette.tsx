import '@mantine/spotlight/styles.css';
import { createSpotlight, Spotlight } from '@mantine/spotlight';
import { IconHistory, IconKeyboard, IconLanguage, IconLogout, IconMicrophone, IconSearch } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { type ComponentType, useEffect, useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, unwrap } from '~/api/client';
import classes from '~/app/Palette.module.css';
import { find, remember, remembered } from '~/app/paletteSearch';
import { useLanguageChoice, useThemeSwitch } from '~/app/Switches';
import { screens } from '~/app/screens';
import { useSignOut } from '~/app/useSignOut';
import { useAccess, useMe } from '~/components/access';
import { useFormat } from '~/components/useFormat';
import { languages } from '~/lib/language';
import { wishToTalk } from '~/live/intent';

const [store, spotlight] = createSpotlight();
const shown = 7;

/** The list can be scrolled without a mouse. The library passes this on, but its types do not say so. */
const scrolledByKeys: object = { viewportProps: { tabIndex: 0 } };

interface Item {
  id: string;
  group: 'recent' | 'screens' | 'agents' | 'conversations' | 'actions';
  label: string;
  help?: string;
  /** Further words that it is found by. */
  words: string;
  icon: ComponentType<{ size?: number; stroke?: number; 'aria-hidden'?: boolean }>;
  run(): void;
}

interface Props {
  opened: boolean;
  close(): void;
  showShortcuts(): void;
}

/** Everything by its name: screens, agents, conversations, actions. What was used last comes first. */
export function Palette({ opened, close, showShortcuts }: Props) {
  const { t } = useTranslation(['shell', 'common']);
  const [query, setQuery] = useState('');
  useEffect(() => {
    if (opened) spotlight.open();
    else spotlight.close();
  }, [opened]);
  const items = [...useScreens(), ...useAgents(opened), ...useConversations(opened), ...useActions(showShortcuts)];
  const recent = useMemo(() => (opened ? remembered() : []), [opened]);
  const groups = find(items, query, recent, shown);
  return (
    <Spotlight.Root
      store={store}
      shortcut={null}
      query={query}
      onQueryChange={setQuery}
      onSpotlightClose={close}
      scrollable
      maxHeight={460}
      size={620}
      attributes={{ content: { 'aria-label': t('palette.open') } }}
      overlayProps={{ blur: 0, backgroundOpacity: 0.45 }}
      classNames={{ actionsGroup: classes.group, actionDescription: classes.description }}
      transitionProps={{ duration: 120 }}
    >
      <Spotlight.Search
        placeholder={t('palette.placeholder')}
        aria-label={t('palette.open')}
        leftSection={<IconSearch size={19} stroke={1.8} aria-hidden />}
      />
      <Spotlight.ActionsList {...scrolledByKeys}>
        {groups.map(({ group, found }) => (
          <Spotlight.ActionsGroup key={group} label={t(`palette.group.${group}`)}>
            {found.map((item) => (
              <Spotlight.Action
                key={item.id}
                label={item.label}
                description={item.help}
                leftSection={<item.icon size={19} stroke={1.7} aria-hidden />}
                onClick={() => {
                  remember(item.id);
                  item.run();
                }}
              />
            ))}
          </Spotlight.ActionsGroup>
        ))}
        {groups.length === 0 && <Spotlight.Empty>{t('palette.nothing', { query })}</Spotlight.Empty>}
      </Spotlight.ActionsList>
      <Spotlight.Footer className={classes.footer}>{t('palette.footer')}</Spotlight.Footer>
    </Spotlight.Root>
  );
}

function useScreens(): Item[] {
  const { t } = useTranslation('shell');
  const navigate = useNavigate();
  return screens.map((s) => ({
    id: `screen:${s.id}`,
    group: 'screens',
    label: t(`screen.${s.id}.name`),
    help: t(`screen.${s.id}.help`),
    words: t(`screen.${s.id}.aliases`),
    icon: s.icon,
    run: () => void navigate({ to: s.to }),
  }));
}

function useAgents(opened: boolean): Item[] {
  const { t } = useTranslation('shell');
  const navigate = useNavigate();
  const may = useAccess('talk').allowed;
  const agents = useQuery({
    queryKey: ['agents'],
    queryFn: ({ signal }) =>
      unwrap(api.GET('/api/agents', { signal, params: { query: { status: 'active', limit: 100 } } })),
    enabled: opened && may,
  });
  return (agents.data?.items ?? []).map((a) => ({
    id: `agent:${a.reference}`,
    group: 'agents',
    label: t('palette.talkTo', { name: a.name }),
    help: a.description,
    words: a.reference,
    icon: IconMicrophone,
    run: () => {
      if (a.kind === 'text')
        return void navigate({ to: '/text-agents/chat/$agentId', params: { agentId: a.reference } });
      wishToTalk(a.reference);
      void navigate({ to: '/agents/$agentId/session', params: { agentId: a.reference } });
    },
  }));
}

function useConversations(opened: boolean): Item[] {
  const format = useFormat();
  const navigate = useNavigate();
  const calls = useQuery({
    queryKey: ['conversations', 'palette'],
    queryFn: ({ signal }) => unwrap(api.GET('/api/conversations', { signal, params: { query: { limit: 50 } } })),
    enabled: opened,
  });
  return (calls.data?.items ?? []).map((c) => ({
    id: `conversation:${c.id}`,
    group: 'conversations',
    label: `${c.agent_name || c.agent} · ${format.dateTime(c.started_at)}`,
    help: c.preview,
    words: `${c.id} ${c.agent}`,
    icon: IconHistory,
    run: () => void navigate({ to: '/agents/voice-history/$sessionId', params: { sessionId: c.id } }),
  }));
}

function useActions(showShortcuts: () => void): Item[] {
  const { t } = useTranslation(['shell', 'common']);
  const me = useMe();
  const leave = useSignOut();
  const theme = useThemeSwitch();
  const choose = useLanguageChoice();
  const action = (id: string, label: string, icon: Item['icon'], run: () => void, words = ''): Item => ({
    id: `action:${id}`,
    group: 'actions',
    label,
    words,
    icon,
    run,
  });
  return [
    action('theme', theme.label, theme.Icon, theme.toggle),
    ...languages.map((l) =>
      action(`language-${l}`, t('palette.language', { language: t(`common:language.${l}`) }), IconLanguage, () =>
        choose(l),
      ),
    ),
    action('shortcuts', t('shortcuts.title'), IconKeyboard, showShortcuts),
    ...(me?.kind === 'session' ? [action('out', t('account.signOut'), IconLogout, () => void leave())] : []),
  ];
}
