import { IconSearch, IconUserPlus } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link, useRouterState } from '@tanstack/react-router';
import { lazy, Suspense } from 'react';
import { useTranslation } from 'react-i18next';
import { setupQuery } from '~/api/identity';
import { AccountMenu } from '~/app/AccountMenu';
import { brand } from '~/app/brand';
import { LiveCount } from '~/app/LiveCount';
import { Logo } from '~/app/Logo';
import { NavMenu } from '~/app/NavMenu';
import { SideMenu } from '~/app/SideMenu';
import { LanguageSwitch, ThemeSwitch } from '~/app/Switches';
import { menus, screensOf } from '~/app/screens';
import classes from '~/app/TopBar.module.css';

const Approvals = lazy(() => import('~/app/Approvals'));

interface Props {
  /** Whether it is known who is here: only then do menus and search lead anywhere. */
  known: boolean;
  search(): void;
  showShortcuts(): void;
}

export function TopBar({ known, search, showShortcuts }: Props) {
  const { t } = useTranslation('common');
  return (
    <header className={classes.bar}>
      <Link to="/" className={classes.logo} aria-label={t('nav.home')}>
        <Logo />
        <span className={classes.name}>{brand.name}</span>
      </Link>
      {known && <Menus />}
      <span className={classes.space} />
      {known && (
        <>
          <SetUpHint />
          <LiveCount />
          <Suspense>
            <Approvals />
          </Suspense>
          <SearchButton search={search} />
        </>
      )}
      <span className={known ? classes.switches : classes.switchesAlone}>
        <LanguageSwitch />
        <ThemeSwitch />
      </span>
      {known && (
        <>
          <AccountMenu showShortcuts={showShortcuts} />
          <SideMenu />
        </>
      )}
    </header>
  );
}

function Menus() {
  const { t } = useTranslation(['common', 'shell']);
  const path = useRouterState({ select: (s) => s.location.pathname });
  return (
    <nav aria-label={t('nav.label')} className={classes.nav}>
      <Link to="/" className={classes.item} data-current={path === '/' || undefined}>
        {t('shell:menu.home')}
      </Link>
      {menus
        .filter((menu) => menu !== 'home' && screensOf(menu).length > 0)
        .map((menu) => (
          <NavMenu key={menu} menu={menu} />
        ))}
    </nav>
  );
}

function SearchButton({ search }: { search(): void }) {
  const { t } = useTranslation('shell');
  return (
    <button
      type="button"
      className={classes.search}
      onClick={search}
      aria-label={t('palette.open')}
      aria-keyshortcuts="Control+K"
    >
      <IconSearch size={17} stroke={1.9} aria-hidden />
      <span className={classes.searchText}>{t('palette.hint')}</span>
      <kbd className={classes.searchKey}>{apple ? '⌘ K' : 'Ctrl K'}</kbd>
    </button>
  );
}

const apple = /Mac|iPhone|iPad/.test(navigator.userAgent);

/** As long as nobody needs to sign in, a quiet word that one could. */
function SetUpHint() {
  const { t } = useTranslation('shell');
  const setup = useQuery(setupQuery());
  if (!setup.data?.needed) return null;
  return (
    <Link to="/setup" className={classes.hint} title={t('setup.hintText')}>
      <IconUserPlus size={16} stroke={1.9} aria-hidden />
      {t('setup.hint')}
    </Link>
  );
}
