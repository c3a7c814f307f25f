import { useDisclosure } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { Outlet, useRouter, useRouterState } from '@tanstack/react-router';
import { lazy, Suspense, useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { sessionQuery } from '~/api/identity';
import { Gate } from '~/app/Gate';
import { setLanguage } from '~/app/i18n';
import classes from '~/app/Shell.module.css';
import { TopBar } from '~/app/TopBar';
import { useShortcuts } from '~/app/useShortcuts';
import { useMe } from '~/components/access';
import { isLanguage } from '~/lib/language';

const Palette = lazy(() => import('~/app/Palette').then((m) => ({ default: m.Palette })));
const ShortcutsHelp = lazy(() => import('~/app/ShortcutsHelp').then((m) => ({ default: m.ShortcutsHelp })));

/** Pages for people whom the server does not know yet. */
const open = /^\/(login|setup|invite)(\/|$)/;

/** The steps after the first administrator was made are for whoever is signed in. */
const isOpen = (s: { location: { pathname: string; search: object } }) =>
  open.test(s.location.pathname) && !('step' in s.location.search && s.location.search.step);

/** What every screen stands in: skip link, bar, and the page itself. */
export function Shell() {
  const { t } = useTranslation();
  const anybody = useRouterState({ select: isOpen });
  const me = useMe();
  const known = me !== undefined && !anybody;
  const [palette, searching] = useOnDemand();
  const [help, helping] = useOnDemand();
  useFocusOnNavigation();
  usePersonsLanguage();
  useShortcuts(known, { search: searching.open, help: helping.open });
  return (
    <>
      <a className={classes.skip} href="#main">
        {t('nav.skip')}
      </a>
      <TopBar known={known} search={searching.open} showShortcuts={helping.open} />
      <main id="main" className={classes.main} tabIndex={-1}>
        {anybody ? (
          <Outlet />
        ) : (
          <Gate>
            <Outlet />
          </Gate>
        )}
      </main>
      <Suspense>
        {palette.used && known && (
          <Palette opened={palette.opened} close={searching.close} showShortcuts={helping.open} />
        )}
        {help.used && <ShortcutsHelp opened={help.opened} close={helping.close} />}
      </Suspense>
    </>
  );
}

/** Something that is fetched when it is first wanted, and then stays. */
function useOnDemand() {
  const [opened, handlers] = useDisclosure(false);
  const [used, setUsed] = useState(false);
  useEffect(() => {
    if (opened) setUsed(true);
  }, [opened]);
  return [{ opened, used: used || opened }, handlers] as const;
}

/** Whoever is signed in reads the console in the language of their profile. */
function usePersonsLanguage() {
  const language = useQuery({ ...sessionQuery(), enabled: false }).data?.person?.language;
  useEffect(() => {
    if (isLanguage(language)) void setLanguage(language);
  }, [language]);
}

/** A new page begins at its heading, for those who read by ear and move by keys. */
function useFocusOnNavigation() {
  const router = useRouter();
  useEffect(
    () =>
      router.subscribe('onRendered', ({ fromLocation, toLocation }) => {
        if (!fromLocation || fromLocation.pathname === toLocation.pathname) return;
        const heading = document.querySelector<HTMLElement>('main h1');
        heading?.setAttribute('tabindex', '-1');
        heading?.focus({ preventScroll: true });
      }),
    [router],
  );
}
