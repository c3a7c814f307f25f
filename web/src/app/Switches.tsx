import { useComputedColorScheme, useMantineColorScheme } from '@mantine/core';
import { IconMoon, IconSun } from '@tabler/icons-react';
import { useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { sessionQuery, setProfile } from '~/api/identity';
import { setLanguage } from '~/app/i18n';
import classes from '~/app/TopBar.module.css';
import { type Language, languages } from '~/lib/language';

/** Shows the console in another language, and keeps the choice with the person who is signed in. */
export function useLanguageChoice() {
  const queries = useQueryClient();
  return (language: Language) => {
    void setLanguage(language);
    const key = sessionQuery().queryKey;
    const person = queries.getQueryData(key)?.person;
    if (!person || person.language === language) return;
    queries.setQueryData(key, (me) => me && { ...me, person: { ...person, language } });
    // When it cannot be kept the choice holds in this browser.
    void setProfile(person.name, language).catch(() => undefined);
  };
}

export function LanguageSwitch() {
  const { t, i18n } = useTranslation();
  const choose = useLanguageChoice();
  return (
    <fieldset className={classes.languages} aria-label={t('language.label')}>
      {languages.map((l) => (
        <button
          key={l}
          type="button"
          lang={l}
          title={t(`language.${l}`)}
          aria-pressed={i18n.language === l}
          onClick={() => choose(l)}
        >
          {l.toUpperCase()}
        </button>
      ))}
    </fieldset>
  );
}

export function useThemeSwitch() {
  const { t } = useTranslation();
  const { setColorScheme } = useMantineColorScheme();
  const dark = useComputedColorScheme('light') === 'dark';
  return {
    label: dark ? t('theme.toLight') : t('theme.toDark'),
    Icon: dark ? IconSun : IconMoon,
    toggle: () => setColorScheme(dark ? 'light' : 'dark'),
  };
}

export function ThemeSwitch() {
  const { label, Icon, toggle } = useThemeSwitch();
  return (
    <button type="button" className={classes.icon} aria-label={label} title={label} onClick={toggle}>
      <Icon size={18} stroke={1.8} aria-hidden />
    </button>
  );
}
