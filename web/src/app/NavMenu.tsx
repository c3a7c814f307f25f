import { Menu } from '@mantine/core';
import { IconChevronDown } from '@tabler/icons-react';
import { useRouterState } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { type MenuName, screensOf } from '~/app/screens';
import classes from '~/app/TopBar.module.css';
import { LinkMenuItem } from '~/components/links';

/** A menu of the bar: opens on click, on hover and on the keyboard; each entry has an icon, a name and a line of help. */
export function NavMenu({ menu }: { menu: MenuName }) {
  const { t } = useTranslation('shell');
  const path = useRouterState({ select: (s) => s.location.pathname });
  const entries = screensOf(menu);
  const current = entries.some((e) => e.match.test(path));
  return (
    <Menu
      trigger="click-hover"
      openDelay={80}
      closeDelay={160}
      position="bottom-start"
      width={320}
      shadow="md"
      radius="lg"
      withInitialFocusPlaceholder={false}
    >
      <Menu.Target>
        <button type="button" className={classes.item} data-current={current || undefined}>
          {t(`menu.${menu}`)}
          <IconChevronDown size={14} stroke={2} aria-hidden />
        </button>
      </Menu.Target>
      <Menu.Dropdown>
        {entries.map((e) => (
          <LinkMenuItem
            key={e.id}
            to={e.to}
            className={classes.entry}
            aria-current={e.match.test(path) ? 'page' : undefined}
            leftSection={<e.icon size={19} stroke={1.7} aria-hidden />}
          >
            <span className={classes.entryName}>{t(`screen.${e.id}.name`)}</span>
            <span className={classes.entryHelp}>{t(`screen.${e.id}.help`)}</span>
          </LinkMenuItem>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
