import { Skeleton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { LoadFailed } from '~/components/LoadFailed';
import { profileQuery } from './api';
import classes from './Chat.module.css';
import { ChatRoom } from './ChatRoom';

interface Props {
  reference: string;
  session?: string;
  /** A session began, was chosen or was left. */
  go(session: string | undefined, replace?: boolean): void;
}

/** A conversation in writing, once it is known with whom. */
export function ChatPage({ reference, session, go }: Props) {
  const { t } = useTranslation();
  const agent = useQuery(profileQuery(reference));
  if (agent.data) return <ChatRoom agent={agent.data} session={session} go={go} />;
  if (agent.isError) return <LoadFailed page error={agent.error} retry={() => void agent.refetch()} />;
  return (
    <div className={classes.waiting} role="status" aria-label={t('loading')}>
      <Skeleton height={62} radius={0} />
      <Skeleton height={220} radius="lg" m="lg" />
    </div>
  );
}
