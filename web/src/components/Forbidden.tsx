import { IconLock } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { useAccess, useMe } from '~/components/access';
import { EmptyState } from '~/components/EmptyState';
import { PageTitle } from '~/components/PageTitle';

/** Instead of a page that the reader's role does not open: which role does, and who can give it. */
export function Forbidden({ needs, title }: { needs: string; title: string }) {
  const { t } = useTranslation();
  const me = useMe();
  const { role } = useAccess(needs);
  const text = t('forbidden.text', {
    own: me?.role ? t(`role.${me.role}`) : t('role.none'),
    needed: role ? t(`role.${role}`) : t('role.admin'),
    tenant: me?.tenant.name ?? '',
  });
  return (
    <EmptyState
      icon={IconLock}
      heading={<PageTitle visible={false}>{title}</PageTitle>}
      title={t('forbidden.title', { page: title })}
      text={text}
    />
  );
}
