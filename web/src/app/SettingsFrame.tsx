import { IconLock } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import classes from '~/app/SettingsFrame.module.css';
import { type Screen, settingsScreens } from '~/app/screens';
import { useAccess } from '~/components/access';

/** The settings side by side: a rail on wide screens, tabs on others. */
export function SettingsFrame({ children }: { children: ReactNode }) {
  const { t } = useTranslation('shell');
  return (
    <div className={classes.frame}>
      <nav className={classes.rail} aria-label={t('menu.settings')}>
        <p className={classes.title} aria-hidden>
          {t('menu.settings')}
        </p>
        <ul>
          {settingsScreens.map((s) => (
            <li key={s.id}>
              <Entry screen={s} />
            </li>
          ))}
        </ul>
      </nav>
      <div className={classes.page}>{children}</div>
    </div>
  );
}

function Entry({ screen }: { screen: Screen }) {
  const { t } = useTranslation('shell');
  const { allowed, reason } = useAccess('needs' in screen ? screen.needs : 'system:read');
  return (
    <Link to={screen.to} className={classes.entry} activeProps={{ 'data-current': true }} title={reason}>
      <screen.icon size={18} stroke={1.7} aria-hidden />
      <span>{t(`screen.${screen.id}.name`)}</span>
      {!allowed && <IconLock size={14} stroke={1.9} role="img" aria-label={reason} className={classes.lock} />}
    </Link>
  );
}
