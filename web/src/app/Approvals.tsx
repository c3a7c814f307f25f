import { IconHandStop } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { proposedQuery } from '~/api/tools';
import classes from '~/app/Approvals.module.css';
import { useAccess } from '~/components/access';
import { LazyWords } from '~/components/LazyWords';

const everyMs = 10_000;

/** How much agents want to do that somebody has to decide, and the way to it. Nothing while there is nothing; fetched after the bar. */
export default function Approvals() {
  const { allowed } = useAccess('effects:decide');
  const waiting = useQuery({ ...proposedQuery(1), refetchInterval: everyMs, enabled: allowed });
  const count = waiting.data?.total ?? 0;
  if (!allowed || count === 0) return null;
  return (
    <LazyWords namespace="tools">
      <Badge count={count} />
    </LazyWords>
  );
}

function Badge({ count }: { count: number }) {
  const { t } = useTranslation('tools');
  return (
    <Link to="/tools/approvals" className={classes.badge} aria-label={t('approvals.badge', { count })}>
      <IconHandStop size={16} stroke={1.9} aria-hidden />
      {count}
    </Link>
  );
}
