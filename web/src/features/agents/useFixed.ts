import { useTranslation } from 'react-i18next';
import type { Agent } from '~/api/agents';
import { useRefusal } from './useMay';

/** Why the reader cannot change an agent; without one, why they can make none. */
export function useFixed(agent: Agent | undefined): string | undefined {
  const { t } = useTranslation('agents');
  return useRefusal('agents:write') ?? (agent?.source === 'file' ? t('fileIsFixed') : undefined);
}
