import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { api, unwrap } from '~/api/client';
import classes from '~/app/TopBar.module.css';
import { useAccess } from '~/components/access';

const everyMs = 10_000;

/** How many conversations are under way, and the way to them. */
export function LiveCount() {
  const { t } = useTranslation('shell');
  const { allowed } = useAccess('conversations:read');
  const live = useQuery({
    queryKey: ['conversations', 'live'],
    queryFn: ({ signal }) =>
      unwrap(api.GET('/api/conversations', { signal, params: { query: { status: 'active', limit: 1 } } })),
    refetchInterval: everyMs,
    enabled: allowed,
  });
  const count = live.data?.total ?? 0;
  if (!allowed || !live.data) return null;
  return (
    <Link
      to="/agents/voice-history"
      search={{ status: 'active' }}
      className={classes.live}
      data-none={count === 0 || undefined}
      aria-label={t('live.label', { count })}
    >
      <span className={classes.dot} aria-hidden />
      <span className={classes.liveCount}>{t('live.count', { count })}</span>
      <span className={classes.liveShort}>{t('live.short', { count })}</span>
    </Link>
  );
}
