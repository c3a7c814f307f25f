import { ActionIcon, Menu, useComputedColorScheme, useMantineColorScheme } from '@mantine/core';
import { IconHistory, IconMenu2, IconMoon, IconPhoneCall, IconRobotFace, IconSun } from '@tabler/icons-react';
import { Link, useRouterState } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { brand } from '~/app/brand';
import { setLanguage } from '~/app/i18n';
import classes from '~/app/TopBar.module.css';
import { LinkMenuItem } from '~/components/links';
import { languages } from '~/lib/language';

const entries = [
  { to: '/agents/gallery', key: 'nav.agents', icon: IconRobotFace, match: /^\/agents\/(gallery|[^/]+\/session)/ },
  { to: '/agents/voice-history', key: 'nav.conversations', icon: IconHistory, match: /^\/agents\/voice-history/ },
  { to: '/realtime-api.html', key: 'nav.realtime', icon: IconPhoneCall, match: /^\/realtime-api\.html/ },
] as const;

export function TopBar() {
  const { t } = useTranslation();
  const path = useRouterState({ select: (s) => s.location.pathname });
  return (
    <header className={classes.bar}>
      <Link to="/" className={classes.logo} aria-label={t('nav.home')}>
        <Logo />
        <span className={classes.name}>{brand.name}</span>
      </Link>
      <nav aria-label={t('nav.label')} className={classes.nav}>
        {entries.map((e) => {
          const current = e.match.test(path);
          return (
            <Link key={e.to} to={e.to} className={classes.item} data-current={current || undefined}>
              {t(e.key)}
            </Link>
          );
        })}
      </nav>
      <span className={classes.space} />
      <LanguageSwitch />
      <ThemeSwitch />
      <SmallMenu />
    </header>
  );
}

function Logo() {
  return (
    <svg width="26" height="26" viewBox="0 0 26 26" aria-hidden="true">
      <rect width="26" height="26" rx="8" fill="#fff" fillOpacity=".16" />
      <path
        d="M6.5 11v4M10.8 7.5v11M15.2 10v6M19.5 8.5v9"
        stroke="#fff"
        strokeWidth="2.2"
        strokeLinecap="round"
        fill="none"
      />
    </svg>
  );
}

function LanguageSwitch() {
  const { t, i18n } = useTranslation();
  return (
    <fieldset className={classes.languages} aria-label={t('language.label')}>
      {languages.map((l) => (
        <button
          key={l}
          type="button"
          lang={l}
          title={t(`language.${l}`)}
          aria-pressed={i18n.language === l}
          onClick={() => void setLanguage(l)}
        >
          {l.toUpperCase()}
        </button>
      ))}
    </fieldset>
  );
}

function ThemeSwitch() {
  const { t } = useTranslation();
  const { setColorScheme } = useMantineColorScheme();
  const dark = useComputedColorScheme('light') === 'dark';
  const label = dark ? t('theme.toLight') : t('theme.toDark');
  const Icon = dark ? IconSun : IconMoon;
  return (
    <button
      type="button"
      className={classes.icon}
      aria-label={label}
      title={label}
      onClick={() => setColorScheme(dark ? 'light' : 'dark')}
    >
      <Icon size={18} stroke={1.8} aria-hidden />
    </button>
  );
}

/** On narrow screens the navigation hides behind one button. */
function SmallMenu() {
  const { t } = useTranslation();
  return (
    <Menu position="bottom-end" width={240} shadow="md" radius="lg">
      <Menu.Target>
        <ActionIcon variant="transparent" className={classes.small} size={44} aria-label={t('nav.label')}>
          <IconMenu2 size={20} stroke={1.8} aria-hidden />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {entries.map((e) => (
          <LinkMenuItem key={e.to} to={e.to} leftSection={<e.icon size={17} stroke={1.8} aria-hidden />}>
            {t(e.key)}
          </LinkMenuItem>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
