import { ActionIcon, CopyButton, Skeleton, Tooltip } from '@mantine/core';
import { IconArrowLeft, IconCheck, IconCopy } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import type { RealtimeCall } from '~/api/client';
import { LoadFailed } from '~/components/LoadFailed';
import page from '~/components/Page.module.css';
import { useFormat } from '~/components/useFormat';
import { Chip } from '~/ui/Chip';
import { eventsQuery, oneCallQuery, recordQuery } from './api';
import classes from './CallDetail.module.css';
import { Duration, Status } from './CallRow';
import { EndCall } from './EndCall';
import { EventLog } from './EventLog';

interface Props {
  id: string;
  own?: string;
  back(): void;
}

/** One call: what it was asked to be, its figures, and what happened in it, live. */
export function CallDetail({ id, own, back }: Props) {
  const { t } = useTranslation(['realtime', 'common']);
  const call = useQuery(oneCallQuery(id));
  const heading = useRef<HTMLHeadingElement>(null);
  const shown = call.data !== undefined;
  useEffect(() => {
    if (shown) heading.current?.focus({ preventScroll: true });
  }, [shown]);
  return (
    <section className={page.card} aria-labelledby="realtime-call">
      <div className={classes.head}>
        <ActionIcon variant="subtle" color="gray" size={34} aria-label={t('detail.back')} onClick={back}>
          <IconArrowLeft size={18} aria-hidden />
        </ActionIcon>
        <h2 id="realtime-call" ref={heading} tabIndex={-1} className={classes.title}>
          {t('detail.title')}
        </h2>
        <code className={classes.id}>{id}</code>
        <CopyButton value={id}>
          {({ copied, copy }) => (
            <Tooltip label={copied ? t('common:copied') : t('detail.copyId')}>
              <ActionIcon variant="subtle" color="gray" size={28} aria-label={t('detail.copyId')} onClick={copy}>
                {copied ? <IconCheck size={15} aria-hidden /> : <IconCopy size={15} aria-hidden />}
              </ActionIcon>
            </Tooltip>
          )}
        </CopyButton>
        <span className={classes.space} />
        {own === id && <Chip tone="brand">{t('list.own')}</Chip>}
        {call.data && (
          <span role="status">
            <Status call={call.data} />
          </span>
        )}
        {call.data?.status === 'active' && <EndCall id={id} name={id} />}
      </div>
      {call.isPending && (
        <div className={classes.waiting}>
          <Skeleton height={320} radius="md" />
        </div>
      )}
      {call.isError && !call.data && <LoadFailed error={call.error} retry={() => void call.refetch()} />}
      {call.data && <Loaded call={call.data} />}
    </section>
  );
}

function Loaded({ call }: { call: RealtimeCall }) {
  const { t, i18n } = useTranslation(['realtime', 'calls']);
  const format = useFormat();
  const events = useQuery(eventsQuery(call.call_id, call.status));
  const record = useQuery({
    ...recordQuery(call.conversation_id ?? '', call.status),
    enabled: call.conversation_id !== undefined,
  });
  const time = (seconds: number) => format.dateTime(new Date(seconds * 1000).toISOString());
  const reason = call.end_reason ?? '';
  const facts: [string, React.ReactNode][] = [
    [t('column.model'), call.model],
    [t('column.voice'), call.voice],
    [t('new.modalities'), call.modalities.map((m) => t(m === 'audio' ? 'new.audio' : 'new.textOut')).join(', ')],
    [t('column.started'), time(call.created_at)],
    [t('detail.ended'), call.ended_at ? time(call.ended_at) : '—'],
    [
      t('detail.reason'),
      reason === ''
        ? '—'
        : i18n.exists(`realtime:reason.${reason}`)
          ? t(`reason.${reason}` as 'reason.hung_up')
          : reason,
    ],
  ];
  const r = record.data;
  const none = '—';
  const figures: [string, React.ReactNode][] = [
    [t('column.duration'), <Duration key="d" call={call} />],
    [t('detail.turns'), r ? format.number(r.turns) : none],
    [t('detail.interruptions'), r ? format.number(r.interruptions) : none],
    [t('detail.latency'), r?.latency_p50_ms === undefined ? none : format.ms(r.latency_p50_ms)],
    [t('stats.events'), events.data ? format.number(events.data.length) : none],
  ];
  return (
    <>
      <dl className={classes.figures} aria-label={t('detail.figures')}>
        {figures.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <dl className={classes.facts}>
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
        {call.conversation_id && (
          <div>
            <dt>{t('detail.conversation')}</dt>
            <dd>
              <Link to="/agents/voice-history/$sessionId" params={{ sessionId: call.conversation_id }}>
                {t('detail.openConversation')}
              </Link>
            </dd>
          </div>
        )}
      </dl>
      {events.isError && !events.data ? (
        <LoadFailed error={events.error} retry={() => void events.refetch()} />
      ) : (
        <EventLog events={events.data ?? []} from={call.created_at * 1000} live={call.status === 'active'} />
      )}
    </>
  );
}
