import { Button, Drawer, Skeleton } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { IconPencilPlus } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { Problem } from '~/components/Problem';
import { useFormat } from '~/components/useFormat';
import { sessionsQuery } from './api';
import classes from './Chat.module.css';

interface Props {
  agent: string;
  current?: string;
  /** As a drawer, where there is no room beside the conversation. */
  opened: boolean;
  close(): void;
  choose(session: string): void;
  anew(): void;
}

/** The conversations that were had with this agent. */
export function Sessions({ opened, close, ...list }: Props) {
  const { t } = useTranslation(['chat', 'common']);
  const wide = useMediaQuery('(min-width: 62em)', window.innerWidth >= 992, { getInitialValueInEffect: false });
  if (wide) {
    return (
      <nav className={classes.rail} aria-label={t('sessions.title')}>
        <h2 className={classes.railTitle}>{t('sessions.title')}</h2>
        <List {...list} />
      </nav>
    );
  }
  return (
    <Drawer
      opened={opened}
      onClose={close}
      title={t('sessions.title')}
      closeButtonProps={{ 'aria-label': t('common:close') }}
      size="xs"
    >
      <List {...list} />
    </Drawer>
  );
}

function List({ agent, current, choose, anew }: Omit<Props, 'opened' | 'close'>) {
  const { t } = useTranslation('chat');
  const format = useFormat();
  const sessions = useQuery(sessionsQuery(agent));
  const items = sessions.data?.items ?? [];
  return (
    <>
      <Button
        variant="light"
        fullWidth
        leftSection={<IconPencilPlus size={16} stroke={1.8} aria-hidden />}
        onClick={anew}
      >
        {t('anew')}
      </Button>
      {sessions.isPending && <Skeleton height={120} radius="md" mt="sm" />}
      <Problem error={sessions.error} />
      {sessions.data && items.length === 0 && <p className={classes.quiet}>{t('sessions.none')}</p>}
      <ul className={classes.sessions}>
        {items.map((s) => {
          const id = `sess-${s.id}`;
          return (
            <li key={id}>
              <button
                type="button"
                className={classes.session}
                aria-current={id === current ? 'true' : undefined}
                onClick={() => choose(id)}
              >
                <span className={classes.preview}>{s.preview || t('sessions.empty')}</span>
                <small>{format.dateTime(s.started_at)}</small>
              </button>
            </li>
          );
        })}
      </ul>
      {sessions.data && (sessions.data.total ?? 0) > items.length && (
        <p className={classes.quiet}>
          {t('sessions.some', { shown: items.length, total: format.number(sessions.data.total ?? 0) })}
        </p>
      )}
    </>
  );
}
