import { useAccess } from '~/components/access';

/** Why the reader may not do something; undefined when they may. */
export const useRefusal = (permission: string): string | undefined => useAccess(permission).reason;
