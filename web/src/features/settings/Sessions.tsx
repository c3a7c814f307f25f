import { Button, Skeleton } from '@mantine/core';
import { IconDeviceDesktop, IconDeviceMobile } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import type { SignedInAt } from '~/api/client';
import { LoadFailed } from '~/components/LoadFailed';
import { Problem } from '~/components/Problem';
import { useFormat } from '~/components/useFormat';
import { browserName } from '~/lib/browser';
import { Chip } from '~/ui/Chip';
import { endSession, sessionsQuery } from './api';
import { Section } from './Section';
import classes from './settings.module.css';

/** The browsers that the reader is signed in with, each with the way to end it. */
export function Sessions() {
  const { t } = useTranslation('settings');
  const sessions = useQuery(sessionsQuery());
  return (
    <Section title={t('sessions.title')} text={t('sessions.text')} flush>
      {sessions.isPending && <Skeleton height={72} radius={0} />}
      {sessions.isError && <LoadFailed error={sessions.error} retry={() => void sessions.refetch()} />}
      {sessions.data && (
        <ul className={classes.rows}>
          {sessions.data.items.map((s) => (
            <Row key={s.id} session={s} />
          ))}
        </ul>
      )}
    </Section>
  );
}

function Row({ session }: { session: SignedInAt }) {
  const { t } = useTranslation('settings');
  const format = useFormat();
  const queries = useQueryClient();
  const end = useMutation({
    mutationFn: () => endSession(session.id),
    onSuccess: () => queries.invalidateQueries({ queryKey: sessionsQuery().queryKey }),
  });
  const { browser, system, mobile } = browserName(session.browser);
  const name = browser && system ? t('sessions.browser', { browser, system }) : browser || system || session.browser;
  const Icon = mobile ? IconDeviceMobile : IconDeviceDesktop;
  return (
    <li className={classes.row}>
      <Icon size={22} stroke={1.6} aria-hidden className={classes.rowIcon} />
      <div className={classes.rowText}>
        <strong>{name}</strong>
        <span>
          {t('sessions.seen', { address: session.address, seen: format.dateTime(session.seen_at) })} ·{' '}
          {t('sessions.since', { since: format.dateTime(session.created_at) })}
        </span>
        <Problem error={end.error} />
      </div>
      {session.current ? (
        <Chip tone="pos" dot>
          {t('sessions.current')}
        </Chip>
      ) : (
        <Button
          variant="default"
          size="xs"
          loading={end.isPending}
          aria-label={t('sessions.endOf', { name })}
          onClick={() => end.mutate()}
        >
          {t('sessions.end')}
        </Button>
      )}
    </li>
  );
}
