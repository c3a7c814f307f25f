import { Menu } from '@mantine/core';
import {
  IconBuilding,
  IconCheck,
  IconKeyboard,
  IconLogout,
  IconSettings,
  IconUser,
  IconUserPlus,
} from '@tabler/icons-react';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import type { Me } from '~/api/client';
import { sessionQuery, setupQuery, switchTenant } from '~/api/identity';
import classes from '~/app/TopBar.module.css';
import { useSignOut } from '~/app/useSignOut';
import { useMe } from '~/components/access';
import { LinkMenuItem } from '~/components/links';

const icon = { size: 17, stroke: 1.8, 'aria-hidden': true } as const;

/** Who is here, and what concerns only them: settings, other tenants, the way out. */
export function AccountMenu({ showShortcuts }: { showShortcuts(): void }) {
  const { t } = useTranslation(['shell', 'common']);
  const me = useMe();
  const setup = useQuery(setupQuery());
  const leave = useSignOut();
  const name = me?.person?.name ?? t('account.machine');
  return (
    <Menu position="bottom-end" width={280} shadow="md" radius="lg" withInitialFocusPlaceholder={false}>
      <Menu.Target>
        <button type="button" className={classes.account} aria-label={t('account.label', { name })} title={name}>
          {me?.person ? initials(me.person.name) : <IconUser size={17} stroke={1.9} aria-hidden />}
        </button>
      </Menu.Target>
      <Menu.Dropdown>
        <div className={classes.who}>
          <strong>{name}</strong>
          <span>{me?.person?.email ?? t('account.machineText')}</span>
          {me && (
            <span>
              {me.tenant.name} · {me.role ? t(`common:role.${me.role}`) : t('common:role.none')}
            </span>
          )}
        </div>
        <Menu.Divider />
        {me && me.tenants.length > 1 && <Tenants me={me} />}
        {setup.data?.needed && (
          <LinkMenuItem to="/setup" leftSection={<IconUserPlus {...icon} />}>
            {t('account.setup')}
          </LinkMenuItem>
        )}
        <LinkMenuItem to="/settings/profile" leftSection={<IconSettings {...icon} />}>
          {t('account.settings')}
        </LinkMenuItem>
        <Menu.Item leftSection={<IconKeyboard {...icon} />} onClick={showShortcuts}>
          {t('shortcuts.title')}
        </Menu.Item>
        {me?.kind === 'session' && (
          <Menu.Item leftSection={<IconLogout {...icon} />} onClick={() => void leave()}>
            {t('account.signOut')}
          </Menu.Item>
        )}
      </Menu.Dropdown>
    </Menu>
  );
}

function Tenants({ me }: { me: Me }) {
  const { t } = useTranslation('shell');
  const go = useTenantSwitch();
  return (
    <>
      <Menu.Label>{t('account.tenants')}</Menu.Label>
      {me.tenants.map((tenant) => {
        const current = tenant.id === me.tenant.id;
        return (
          <Menu.Item
            key={tenant.id}
            leftSection={<IconBuilding {...icon} />}
            rightSection={current ? <IconCheck {...icon} /> : undefined}
            aria-current={current ? 'true' : undefined}
            onClick={() => !current && void go(tenant.id)}
          >
            {tenant.name}
          </Menu.Item>
        );
      })}
      <Menu.Divider />
    </>
  );
}

/** Goes to another tenant: nothing of the one before stays on the screen. */
function useTenantSwitch() {
  const queries = useQueryClient();
  const navigate = useNavigate();
  return async (tenant: string) => {
    const me = await switchTenant(tenant);
    await navigate({ to: '/' });
    queries.clear();
    queries.setQueryData(sessionQuery().queryKey, me);
    await queries.invalidateQueries();
  };
}

function initials(name: string): string {
  const words = name.split(/\s+/).filter(Boolean);
  const picked = words.length > 1 ? [words[0], words.at(-1)] : words;
  return picked.map((w) => w?.charAt(0).toLocaleUpperCase()).join('');
}
