import { Skeleton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { LoadFailed } from '~/components/LoadFailed';
import { agentQuery } from './api';
import { LiveSession } from './LiveSession';
import classes from './LiveSession.module.css';

/** The live conversation with an agent, once it is known who that is. */
export function SessionPage({ reference }: { reference: string }) {
  const { t } = useTranslation();
  const agent = useQuery(agentQuery(reference));
  if (agent.data) return <LiveSession agent={agent.data} />;
  if (agent.isError) return <LoadFailed page error={agent.error} retry={() => void agent.refetch()} />;
  return (
    <div className={classes.waiting} role="status" aria-label={t('loading')}>
      <Skeleton height={62} radius={0} />
      <Skeleton height={280} radius="lg" />
    </div>
  );
}
