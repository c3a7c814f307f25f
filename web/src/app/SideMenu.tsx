import { ActionIcon, Drawer } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconMenu2 } from '@tabler/icons-react';
import { Link, useRouterState } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { LanguageSwitch, ThemeSwitch } from '~/app/Switches';
import { menus, screensOf } from '~/app/screens';
import classes from '~/app/TopBar.module.css';

/** On narrow screens the navigation, the language and the theme are behind one button. */
export function SideMenu() {
  const { t } = useTranslation(['shell', 'common']);
  const [opened, { open, close }] = useDisclosure(false);
  const path = useRouterState({ select: (s) => s.location.pathname });
  return (
    <>
      <ActionIcon
        variant="transparent"
        className={classes.small}
        size={44}
        aria-label={t('common:nav.label')}
        aria-haspopup="dialog"
        onClick={open}
      >
        <IconMenu2 size={20} stroke={1.8} aria-hidden />
      </ActionIcon>
      <Drawer
        opened={opened}
        onClose={close}
        position="right"
        size={300}
        title={t('common:nav.label')}
        closeButtonProps={{ 'aria-label': t('common:close') }}
      >
        <nav aria-label={t('common:nav.label')} className={classes.side}>
          {[...menus, 'settings' as const].map((menu) => {
            const entries = screensOf(menu);
            if (entries.length === 0) return null;
            return (
              <section key={menu} aria-label={t(`menu.${menu}`)}>
                {menu !== 'home' && <h2 className={classes.sideTitle}>{t(`menu.${menu}`)}</h2>}
                {entries.map((e) => (
                  <Link
                    key={e.id}
                    to={e.to}
                    className={classes.sideEntry}
                    aria-current={e.match.test(path) ? 'page' : undefined}
                    onClick={close}
                  >
                    <e.icon size={19} stroke={1.7} aria-hidden />
                    {t(`screen.${e.id}.name`)}
                  </Link>
                ))}
              </section>
            );
          })}
        </nav>
        <div className={classes.sideSwitches}>
          <LanguageSwitch />
          <ThemeSwitch />
        </div>
      </Drawer>
    </>
  );
}
