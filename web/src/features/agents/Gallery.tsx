import { Skeleton } from '@mantine/core';
import { IconRobotOff } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { EmptyState } from '~/components/EmptyState';
import { LoadFailed } from '~/components/LoadFailed';
import page from '~/components/Page.module.css';
import { PageTitle } from '~/components/PageTitle';
import { AgentCard } from './AgentCard';
import { agentsQuery } from './api';
import classes from './Gallery.module.css';

/** All agents, each one click away from a conversation. */
export function Gallery() {
  const { t } = useTranslation('agents');
  const agents = useQuery(agentsQuery());
  return (
    <div className={page.page}>
      <div className={page.head}>
        <div>
          <PageTitle subtitle={t('subtitle')}>{t('title')}</PageTitle>
        </div>
        {agents.data && <span className={classes.count}>{t('count', { count: agents.data.total })}</span>}
      </div>
      {agents.isPending && <Waiting />}
      {agents.isError && <LoadFailed error={agents.error} retry={() => void agents.refetch()} />}
      {agents.data?.items.length === 0 && (
        <EmptyState icon={IconRobotOff} title={t('empty.title')} text={t('empty.text')} />
      )}
      {agents.data && agents.data.items.length > 0 && (
        <ul className={classes.grid}>
          {agents.data.items.map((agent) => (
            <li key={agent.reference}>
              <AgentCard agent={agent} />
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

function Waiting() {
  const { t } = useTranslation();
  return (
    <div className={classes.grid} role="status" aria-label={t('loading')}>
      {[0, 1, 2].map((n) => (
        <Skeleton key={n} height={268} radius="lg" className={classes.waiting} />
      ))}
    </div>
  );
}
