import { Button, Modal, Textarea, TextInput } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconArrowForwardUp, IconDialpad, IconPhoneIncoming, IconPhoneOutgoing, IconPhoneX } from '@tabler/icons-react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { GuardedButton } from '~/components/Guarded';
import { LinkButton } from '~/components/links';
import { Problem } from '~/components/Problem';
import { useFormat } from '~/components/useFormat';
import { useSeconds } from '~/components/useSeconds';
import { Chip, type Tone } from '~/ui/Chip';
import { hangUp, type PhoneCall, sendDigits, transfer } from './api';
import classes from './phone.module.css';
import { useAgentName } from './useAgentName';

const tones: Record<PhoneCall['state'], Tone> = { dialing: 'info', ringing: 'warn', active: 'pos', ended: 'plain' };

/** A call that goes on, with what can be done with it. */
export function LiveCall({ call }: { call: PhoneCall }) {
  const { t } = useTranslation('phone');
  const format = useFormat();
  const queries = useQueryClient();
  const nameOf = useAgentName();
  const [moving, mover] = useDisclosure(false);
  const [keying, keys] = useDisclosure(false);
  const now = useSeconds(true) + performance.timeOrigin;
  const end = useMutation({
    mutationFn: () => hangUp(call.id),
    onSettled: () => queries.invalidateQueries({ queryKey: ['phone'] }),
  });
  const far = call.direction === 'inbound' ? call.from : call.to;
  const Icon = call.direction === 'inbound' ? IconPhoneIncoming : IconPhoneOutgoing;
  const active = call.state === 'active';
  const since = call.answered_at ?? call.created_at;
  return (
    <li className={classes.row}>
      <Icon
        size={20}
        stroke={1.7}
        className={classes.rowIcon}
        role="img"
        aria-label={t(`direction.${call.direction}`)}
      />
      <div className={classes.rowText}>
        <strong>{call.from_name ? `${call.from_name} · ${far}` : far}</strong>
        <span>
          {t('live.with', { agent: nameOf(call.agent) })} · {format.clock(Math.max(0, now - Date.parse(since)))}
        </span>
      </div>
      <Chip tone={tones[call.state]} dot={active ? 'live' : true}>
        {t(`state.${call.state}`)}
      </Chip>
      <div className={classes.actions}>
        {call.conversation_id && (
          <LinkButton
            to="/agents/voice-history/$sessionId"
            params={{ sessionId: call.conversation_id }}
            size="xs"
            variant="default"
          >
            {t('live.follow')}
          </LinkButton>
        )}
        {active && (
          <>
            <GuardedButton
              needs="talk"
              size="xs"
              variant="default"
              leftSection={<IconArrowForwardUp size={15} stroke={1.9} aria-hidden />}
              onClick={mover.open}
            >
              {t('transfer.open')}
            </GuardedButton>
            <GuardedButton
              needs="talk"
              size="xs"
              variant="default"
              leftSection={<IconDialpad size={15} stroke={1.9} aria-hidden />}
              onClick={keys.open}
            >
              {t('digits.open')}
            </GuardedButton>
          </>
        )}
        <GuardedButton
          needs="talk"
          size="xs"
          className={classes.danger}
          variant="default"
          loading={end.isPending}
          leftSection={<IconPhoneX size={15} stroke={1.9} aria-hidden />}
          onClick={() => end.mutate()}
        >
          {t('live.end')}
        </GuardedButton>
      </div>
      {end.isError && (
        <div className={classes.wide}>
          <Problem error={end.error} />
        </div>
      )}
      <Transfer call={call} opened={moving} close={mover.close} />
      <Digits call={call} opened={keying} close={keys.close} />
    </li>
  );
}

interface DialogProps {
  call: PhoneCall;
  opened: boolean;
  close(): void;
}

function Transfer({ call, opened, close }: DialogProps) {
  const { t } = useTranslation(['phone', 'common']);
  const queries = useQueryClient();
  const [to, setTo] = useState('');
  const [briefing, setBriefing] = useState('');
  const move = useMutation({
    mutationFn: () => transfer(call.id, to, briefing || undefined),
    onSuccess: close,
    onSettled: () => queries.invalidateQueries({ queryKey: ['phone'] }),
  });
  const submit = (e: FormEvent) => {
    e.preventDefault();
    if (to.trim() !== '') move.mutate();
  };
  return (
    <Modal
      opened={opened}
      onClose={close}
      title={t('transfer.title')}
      closeButtonProps={{ 'aria-label': t('common:close') }}
      centered
    >
      <form className={classes.form} onSubmit={submit}>
        <TextInput
          type="tel"
          label={t('transfer.to')}
          data-autofocus
          required
          withAsterisk={false}
          value={to}
          onChange={(e) => setTo(e.currentTarget.value)}
        />
        {call.carrier === 'twilio' && (
          <Textarea
            label={t('transfer.briefing')}
            description={t('transfer.briefingHelp')}
            maxLength={1000}
            autosize
            minRows={2}
            value={briefing}
            onChange={(e) => setBriefing(e.currentTarget.value)}
          />
        )}
        <Problem error={move.error} />
        <div className={classes.buttons}>
          <Button type="submit" loading={move.isPending}>
            {t('transfer.go')}
          </Button>
          <Button variant="default" onClick={close}>
            {t('common:cancel')}
          </Button>
        </div>
      </form>
    </Modal>
  );
}

const keypad = ['1', '2', '3', '4', '5', '6', '7', '8', '9', '*', '0', '#'];

function Digits({ call, opened, close }: DialogProps) {
  const { t } = useTranslation(['phone', 'common']);
  const [sent, setSent] = useState('');
  const press = useMutation({
    mutationFn: (key: string) => sendDigits(call.id, key),
    onSuccess: (_, key) => setSent((before) => before + key),
  });
  return (
    <Modal
      opened={opened}
      onClose={close}
      title={t('digits.title')}
      closeButtonProps={{ 'aria-label': t('common:close') }}
      centered
      size="xs"
    >
      <output className={classes.keyed} aria-label={t('digits.sent')}>
        {sent || t('digits.none')}
      </output>
      <div className={classes.keypad}>
        {keypad.map((key) => (
          <Button key={key} variant="default" size="md" disabled={press.isPending} onClick={() => press.mutate(key)}>
            {key}
          </Button>
        ))}
      </div>
      <Problem error={press.error} />
    </Modal>
  );
}
