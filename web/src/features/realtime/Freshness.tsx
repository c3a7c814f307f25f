import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { useSeconds } from '~/components/useSeconds';
import { Chip } from '~/ui/Chip';
import { statsQuery } from './api';

const lateMs = 6_000;

/** Whether what the page shows is what is, or the server has stopped answering. */
export function Freshness() {
  const { t } = useTranslation('realtime');
  const stats = useQuery(statsQuery());
  const now = useSeconds(true);
  if (!stats.dataUpdatedAt && !stats.isError) return null;
  const age = performance.timeOrigin + now - stats.dataUpdatedAt;
  const late = stats.isError || age > lateMs;
  return (
    <span role="status">
      <Chip tone={late ? 'warn' : 'pos'} dot={late ? true : 'live'}>
        {late ? t('live.late') : t('live.on')}
      </Chip>
    </span>
  );
}
