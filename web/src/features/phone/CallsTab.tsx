import { NativeSelect, NumberInput, Skeleton, Textarea, TextInput } from '@mantine/core';
import { IconPhoneCall, IconPhoneOff, IconSend } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { EmptyState } from '~/components/EmptyState';
import { GuardedButton } from '~/components/Guarded';
import { LoadFailed } from '~/components/LoadFailed';
import { LinkButton } from '~/components/links';
import { Problem } from '~/components/Problem';
import { carriersQuery, liveQuery, placeCall, sendText, speakersQuery } from './api';
import { Card } from './Card';
import { LiveCall } from './LiveCall';
import classes from './phone.module.css';

/** The calls that go on, and what can be begun. */
export function CallsTab() {
  const { t } = useTranslation('phone');
  const live = useQuery(liveQuery());
  const carriers = useQuery(carriersQuery());
  const ready = carriers.data?.items.filter((c) => c.ready) ?? [];
  const calls = live.data?.items ?? [];
  return (
    <>
      {carriers.data && ready.length === 0 && <NoCarrier />}
      <div className={classes.columns}>
        <Card title={t('live.title')} text={t('live.text')} flush>
          {live.isPending && (
            <div className={classes.waiting}>
              <Skeleton height={120} radius="md" />
            </div>
          )}
          {live.isError && !live.data && <LoadFailed error={live.error} retry={() => void live.refetch()} />}
          {live.isSuccess && calls.length === 0 && (
            <EmptyState icon={IconPhoneOff} title={t('live.none')} text={t('live.noneText')} />
          )}
          {calls.length > 0 && (
            <ul className={classes.rows}>
              {calls.map((c) => (
                <LiveCall key={c.id} call={c} />
              ))}
            </ul>
          )}
        </Card>
        <div className={classes.side}>
          <Place carriers={ready.map((c) => ({ id: c.id, name: c.name }))} />
          <Write />
        </div>
      </div>
    </>
  );
}

function NoCarrier() {
  const { t } = useTranslation('phone');
  return (
    <div className={classes.notice}>
      <p>{t('noCarrier')}</p>
      <LinkButton to="/assistant-vocal" search={{ tab: 'config' }} variant="default">
        {t('tab.config')}
      </LinkButton>
    </div>
  );
}

function Place({ carriers }: { carriers: { id: string; name: string }[] }) {
  const { t } = useTranslation('phone');
  const queries = useQueryClient();
  const agents = useQuery(speakersQuery());
  const [agent, setAgent] = useState('');
  const [to, setTo] = useState('');
  const [from, setFrom] = useState('');
  const [carrier, setCarrier] = useState('');
  const [minutes, setMinutes] = useState<number | string>('');
  const call = useMutation({
    mutationFn: () =>
      placeCall({
        agent: agent || (agents.data?.[0]?.reference ?? ''),
        to,
        from: from || undefined,
        carrier: carrier || undefined,
        max_seconds: typeof minutes === 'number' ? Math.round(minutes * 60) : undefined,
      }),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['phone'] }),
  });
  const submit = (e: FormEvent) => {
    e.preventDefault();
    if (to.trim() !== '') call.mutate();
  };
  return (
    <Card title={t('place.title')}>
      <form className={classes.form} onSubmit={submit}>
        <TextInput
          type="tel"
          label={t('place.to')}
          placeholder="+33 6 12 34 56 78"
          required
          withAsterisk={false}
          value={to}
          onChange={(e) => setTo(e.currentTarget.value)}
        />
        <NativeSelect
          label={t('place.agent')}
          value={agent}
          onChange={(e) => setAgent(e.currentTarget.value)}
          data={(agents.data ?? []).map((a) => ({ value: a.reference, label: a.name || a.reference }))}
        />
        <details className={classes.more}>
          <summary>{t('place.more')}</summary>
          <div className={classes.form}>
            <TextInput
              type="tel"
              label={t('place.from')}
              description={t('place.fromHelp')}
              value={from}
              onChange={(e) => setFrom(e.currentTarget.value)}
            />
            {carriers.length > 1 && (
              <NativeSelect
                label={t('place.carrier')}
                value={carrier}
                onChange={(e) => setCarrier(e.currentTarget.value)}
                data={[
                  { value: '', label: t('place.anyCarrier') },
                  ...carriers.map((c) => ({ value: c.id, label: c.name })),
                ]}
              />
            )}
            <NumberInput
              label={t('place.limit')}
              description={t('place.limitHelp')}
              min={1}
              max={1440}
              value={minutes}
              onChange={setMinutes}
            />
          </div>
        </details>
        <Problem error={call.error} />
        <div className={classes.buttons}>
          <GuardedButton
            needs="talk"
            type="submit"
            loading={call.isPending}
            leftSection={<IconPhoneCall size={17} stroke={1.9} aria-hidden />}
          >
            {t('place.go')}
          </GuardedButton>
          {call.isSuccess && <output className={classes.done}>{t('place.done', { number: call.data.to })}</output>}
        </div>
      </form>
    </Card>
  );
}

function Write() {
  const { t } = useTranslation('phone');
  const queries = useQueryClient();
  const [to, setTo] = useState('');
  const [body, setBody] = useState('');
  const send = useMutation({
    mutationFn: () => sendText(to, body),
    onSuccess: () => {
      setBody('');
      return queries.invalidateQueries({ queryKey: ['phone', 'messages'] });
    },
  });
  const submit = (e: FormEvent) => {
    e.preventDefault();
    if (to.trim() !== '' && body.trim() !== '') send.mutate();
  };
  return (
    <Card title={t('text.title')}>
      <form className={classes.form} onSubmit={submit}>
        <TextInput
          type="tel"
          label={t('text.to')}
          placeholder="+33 6 12 34 56 78"
          required
          withAsterisk={false}
          value={to}
          onChange={(e) => setTo(e.currentTarget.value)}
        />
        <Textarea
          label={t('text.body')}
          required
          withAsterisk={false}
          autosize
          minRows={2}
          maxRows={8}
          maxLength={1600}
          value={body}
          onChange={(e) => setBody(e.currentTarget.value)}
        />
        <Problem error={send.error} />
        <div className={classes.buttons}>
          <GuardedButton
            needs="talk"
            type="submit"
            variant="default"
            loading={send.isPending}
            leftSection={<IconSend size={16} stroke={1.9} aria-hidden />}
          >
            {t('text.go')}
          </GuardedButton>
          {send.isSuccess && body === '' && <output className={classes.done}>{t('text.done')}</output>}
        </div>
      </form>
    </Card>
  );
}
