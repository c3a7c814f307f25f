import { Button, NativeSelect, Skeleton, Switch, Textarea, TextInput } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconCircleCheck, IconCircleDashed, IconPlugConnected, IconRefresh, IconTrash } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Confirm } from '~/components/Confirm';
import { GuardedButton, GuardedIcon } from '~/components/Guarded';
import { LoadFailed } from '~/components/LoadFailed';
import { Problem } from '~/components/Problem';
import { useFormat } from '~/components/useFormat';
import { useWords } from '~/components/useWords';
import { Chip } from '~/ui/Chip';
import {
  carriersQuery,
  checkCarrier,
  consentQuery,
  deleteNumber,
  numbersQuery,
  type PhoneCarrier,
  type PhoneConsent,
  type PhoneItem,
  type PhoneNumber,
  setConsent,
  setNumber,
  speakersQuery,
  syncCarrier,
} from './api';
import { Card } from './Card';
import classes from './phone.module.css';

/** The carriers and what each lacks, which agent answers which number, and what callers are told first. */
export function ConfigTab() {
  const carriers = useQuery(carriersQuery());
  if (carriers.isError && !carriers.data)
    return <LoadFailed error={carriers.error} retry={() => void carriers.refetch()} />;
  return (
    <div className={classes.halves}>
      <div className={classes.stack}>
        {!carriers.data && <Skeleton height={260} radius="lg" />}
        {carriers.data?.items.map((c) => (
          <Carrier key={c.id} carrier={c} />
        ))}
      </div>
      <div className={classes.stack}>
        <Numbers />
        <Consent />
      </div>
    </div>
  );
}

const syncDays = 30;

function Carrier({ carrier }: { carrier: PhoneCarrier }) {
  const { t } = useTranslation('phone');
  const format = useFormat();
  const words = useWords();
  const queries = useQueryClient();
  const test = useMutation({ mutationFn: () => checkCarrier(carrier.id) });
  const sync = useMutation({
    mutationFn: () => syncCarrier(carrier.id, syncDays),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['phone'] }),
  });
  const missing = carrier.items.filter((i) => !i.ok).length;
  const operator = carrier.items.length > 0;
  return (
    <Card
      title={carrier.name}
      text={t(carrier.id === 'twilio' ? 'carrier.twilio' : 'carrier.sip')}
      aside={
        <Chip tone={!carrier.ready ? 'plain' : missing > 0 ? 'warn' : 'pos'} dot>
          {!carrier.ready
            ? t('carrier.off')
            : missing > 0
              ? t('carrier.missing', { count: missing })
              : t('carrier.ready')}
        </Chip>
      }
    >
      {!operator && <p className={classes.hint}>{t('carrier.operator')}</p>}
      <Items items={carrier.items} label={t('carrier.list', { name: carrier.name })} />
      <div className={classes.buttons}>
        {carrier.testable && (
          <GuardedButton
            needs="providers:write"
            variant="default"
            loading={test.isPending}
            leftSection={<IconPlugConnected size={16} stroke={1.9} aria-hidden />}
            aria-label={t('carrier.testOf', { name: carrier.name })}
            onClick={() => test.mutate()}
          >
            {t('carrier.test')}
          </GuardedButton>
        )}
        {operator && carrier.archive && (
          <GuardedButton
            needs="providers:write"
            variant="default"
            loading={sync.isPending}
            leftSection={<IconRefresh size={16} stroke={1.9} aria-hidden />}
            onClick={() => sync.mutate()}
          >
            {t('carrier.sync')}
          </GuardedButton>
        )}
        {test.data && (
          <output className={test.data.ok ? classes.done : classes.wrong}>
            {t(test.data.ok ? 'carrier.fine' : 'carrier.notFine', { took: format.ms(test.data.took_ms) })}
          </output>
        )}
        {sync.data && <output className={classes.done}>{t('carrier.synced', { ...sync.data })}</output>}
      </div>
      {test.data?.code && (
        <p className={classes.wrong} role="alert">
          {words.error(test.data.code, test.data.message ?? '', { detail: test.data.message ?? '' })}
        </p>
      )}
      {test.data && <Items items={test.data.items} label={t('carrier.answer', { name: carrier.name })} />}
      <Problem error={test.error ?? sync.error} />
    </Card>
  );
}

const known = [
  'listen',
  'trunks',
  'trunk',
  'numbers',
  'account',
  'token',
  'from',
  'public_url',
  'rented',
  'voice_hook',
  'text_hook',
] as const;

function Items({ items, label }: { items: PhoneItem[]; label: string }) {
  const { t } = useTranslation('phone');
  if (items.length === 0) return null;
  return (
    <ul className={classes.items} aria-label={label}>
      {items.map((i) => {
        const [id, of = ''] = i.id.split(/:(.*)/);
        const name = known.find((k) => k === id) ?? 'other';
        return (
          <li key={i.id} data-ok={i.ok}>
            {i.ok ? (
              <IconCircleCheck size={18} stroke={1.8} role="img" aria-label={t('item.ok')} />
            ) : (
              <IconCircleDashed size={18} stroke={1.8} role="img" aria-label={t('item.missing')} />
            )}
            <div>
              <b>{t(`item.${name}.name`, { of: of || i.id })}</b>
              {i.detail && <code>{i.detail}</code>}
              {!i.ok && <p>{t(`item.${name}.mend`)}</p>}
            </div>
          </li>
        );
      })}
    </ul>
  );
}

function Numbers() {
  const { t } = useTranslation('phone');
  const numbers = useQuery(numbersQuery());
  const agents = useQuery(speakersQuery());
  const queries = useQueryClient();
  const [number, setTheNumber] = useState('');
  const [agent, setAgent] = useState('');
  const [label, setLabel] = useState('');
  const choices = (agents.data ?? []).map((a) => ({ value: a.reference, label: a.name || a.reference }));
  const add = useMutation({
    mutationFn: () => setNumber(number, agent || (choices[0]?.value ?? ''), label || undefined),
    onSuccess: () => {
      setTheNumber('');
      setLabel('');
      return queries.invalidateQueries({ queryKey: ['phone'] });
    },
  });
  const submit = (e: FormEvent) => {
    e.preventDefault();
    if (number.trim() !== '') add.mutate();
  };
  return (
    <Card title={t('numbers.title')} text={t('numbers.text')} flush>
      {numbers.isError && !numbers.data && <LoadFailed error={numbers.error} retry={() => void numbers.refetch()} />}
      {numbers.data?.items.length === 0 && <p className={classes.nothing}>{t('numbers.none')}</p>}
      {numbers.data && numbers.data.items.length > 0 && (
        <ul className={classes.rows}>
          {numbers.data.items.map((n) => (
            <NumberRow key={`${n.source}${n.carrier}${n.number}`} item={n} agents={choices} />
          ))}
        </ul>
      )}
      <form className={classes.add} onSubmit={submit}>
        <TextInput
          type="tel"
          label={t('numbers.number')}
          placeholder="+33 1 23 45 67 89"
          required
          withAsterisk={false}
          value={number}
          onChange={(e) => setTheNumber(e.currentTarget.value)}
        />
        <NativeSelect
          label={t('numbers.agent')}
          value={agent}
          onChange={(e) => setAgent(e.currentTarget.value)}
          data={choices}
        />
        <TextInput
          label={t('numbers.label')}
          maxLength={100}
          value={label}
          onChange={(e) => setLabel(e.currentTarget.value)}
        />
        <GuardedButton needs="agents:write" type="submit" variant="default" loading={add.isPending}>
          {t('numbers.add')}
        </GuardedButton>
        <div className={classes.wide}>
          <Problem error={add.error} />
        </div>
      </form>
    </Card>
  );
}

function NumberRow({ item, agents }: { item: PhoneNumber; agents: { value: string; label: string }[] }) {
  const { t } = useTranslation('phone');
  const queries = useQueryClient();
  const [asking, ask] = useDisclosure(false);
  const refresh = () => queries.invalidateQueries({ queryKey: ['phone'] });
  const change = useMutation({
    mutationFn: (agent: string) => setNumber(item.number, agent, item.label || undefined),
    onSuccess: refresh,
  });
  const removal = useMutation({
    mutationFn: () => deleteNumber(item.number),
    onSuccess: () => {
      ask.close();
      return refresh();
    },
  });
  const fixed = item.source === 'configuration';
  const all =
    agents.some((a) => a.value === item.agent) || item.agent === ''
      ? agents
      : [{ value: item.agent, label: item.agent }, ...agents];
  const name = item.number === '*' ? t('numbers.others') : item.number;
  return (
    <li className={classes.row}>
      <div className={classes.rowText}>
        <strong>{name}</strong>
        <span>{fixed ? t('numbers.fixed', { carrier: item.carrier }) : item.label}</span>
      </div>
      {fixed ? (
        <span className={classes.fixed}>{agents.find((a) => a.value === item.agent)?.label ?? item.agent}</span>
      ) : (
        <>
          <NativeSelect
            size="xs"
            aria-label={t('numbers.agentOf', { number: name })}
            value={item.agent}
            disabled={change.isPending}
            onChange={(e) => change.mutate(e.currentTarget.value)}
            data={[{ value: '', label: t('numbers.nobody') }, ...all]}
          />
          <GuardedIcon
            needs="agents:write"
            variant="subtle"
            color="gray"
            aria-label={t('numbers.removeOf', { number: name })}
            onClick={ask.open}
          >
            <IconTrash size={16} stroke={1.7} aria-hidden />
          </GuardedIcon>
          <Confirm
            opened={asking}
            title={t('numbers.removeTitle', { number: name })}
            text={t('numbers.removeText')}
            confirm={t('numbers.remove')}
            pending={removal.isPending}
            error={removal.error}
            close={ask.close}
            go={() => removal.mutate()}
          />
        </>
      )}
      {change.isError && (
        <div className={classes.wide}>
          <Problem error={change.error} />
        </div>
      )}
    </li>
  );
}

function Consent() {
  const { t } = useTranslation('phone');
  const consent = useQuery(consentQuery());
  return (
    <Card title={t('consent.title')} text={t('consent.text')}>
      {consent.isError && !consent.data && <LoadFailed error={consent.error} retry={() => void consent.refetch()} />}
      {consent.data && <ConsentForm key={JSON.stringify(consent.data)} consent={consent.data} />}
    </Card>
  );
}

const spoken = ['fr', 'en', 'es'] as const;

function ConsentForm({ consent }: { consent: PhoneConsent }) {
  const { t } = useTranslation('phone');
  const format = useFormat();
  const queries = useQueryClient();
  const [enabled, setEnabled] = useState(consent.enabled);
  const [texts, setTexts] = useState<Record<string, string>>(consent.texts);
  const save = useMutation({
    mutationFn: () => setConsent(enabled, texts),
    onSuccess: (saved) => queries.setQueryData(consentQuery().queryKey, saved),
  });
  const changed = enabled !== consent.enabled || spoken.some((l) => (texts[l] ?? '') !== (consent.texts[l] ?? ''));
  return (
    <form
      className={classes.form}
      onSubmit={(e) => {
        e.preventDefault();
        save.mutate();
      }}
    >
      <Switch label={t('consent.on')} checked={enabled} onChange={(e) => setEnabled(e.currentTarget.checked)} />
      {enabled &&
        spoken.map((l) => (
          <Textarea
            key={l}
            label={format.language(l)}
            placeholder={consent.defaults[l]}
            maxLength={500}
            autosize
            minRows={2}
            value={texts[l] ?? ''}
            onChange={(e) => setTexts({ ...texts, [l]: e.currentTarget.value })}
          />
        ))}
      <Problem error={save.error} />
      <div className={classes.buttons}>
        <GuardedButton needs="agents:write" type="submit" loading={save.isPending} disabled={!changed}>
          {t('consent.save')}
        </GuardedButton>
        {changed && (
          <Button
            variant="default"
            onClick={() => {
              setEnabled(consent.enabled);
              setTexts(consent.texts);
            }}
          >
            {t('consent.undo')}
          </Button>
        )}
      </div>
    </form>
  );
}
