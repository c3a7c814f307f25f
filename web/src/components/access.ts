import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import type { Me, Role } from '~/api/client';
import { rolesQuery, sessionQuery } from '~/api/identity';

/** Who uses the console; undefined until it is known. */
export function useMe(): Me | undefined {
  return useQuery({ ...sessionQuery(), enabled: false }).data;
}

export interface Access {
  allowed: boolean;
  /** Why not, in the reader's words. */
  reason?: string;
  /** The least role that may. */
  role?: Role;
}

/** Whether the reader may do something, and if not who may. Until it is known, nobody is held up: the server decides anyway. */
export function useAccess(permission: string): Access {
  const { t } = useTranslation();
  const me = useMe();
  const allowed = !me || me.permissions.includes(permission);
  const roles = useQuery({ ...rolesQuery(), enabled: !allowed });
  if (allowed) return { allowed };
  const role = roles.data?.items.find((r) => r.permissions.includes(permission))?.role;
  return { allowed, role, reason: role ? t(`access.${role}`) : t('access.other') };
}
