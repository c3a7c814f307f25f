import { Button, Group, Modal, NumberInput, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ApiError } from '~/api/client';
import { useFormat } from '~/components/useFormat';
import { useWords } from '~/components/useWords';
import { ratesQuery, setRate } from './api';
import classes from './RateDialog.module.css';

/** Sets what a minute costs, and from when on. */
export function RateDialog({ opened, close }: { opened: boolean; close(): void }) {
  const { t } = useTranslation(['home', 'common']);
  return (
    <Modal
      opened={opened}
      onClose={close}
      title={t('rate.title')}
      closeButtonProps={{ 'aria-label': t('common:close') }}
      centered
    >
      {opened && <Form close={close} />}
    </Modal>
  );
}

const today = () => {
  const now = new Date();
  return new Date(now.getTime() - now.getTimezoneOffset() * 60_000).toISOString().slice(0, 10);
};

function Form({ close }: { close(): void }) {
  const { t } = useTranslation(['home', 'common']);
  const format = useFormat();
  const words = useWords();
  const queries = useQueryClient();
  const rates = useQuery(ratesQuery());
  const [amount, setAmount] = useState<number | string>();
  const [from, setFrom] = useState(today);
  const value = amount ?? rates.data?.current?.per_minute ?? '';
  const change = useMutation({
    // Midnight of that day where the reader is.
    mutationFn: () => setRate(Number(value), new Date(`${from}T00:00:00`).toISOString()),
    onSuccess: async (data) => {
      queries.setQueryData(ratesQuery().queryKey, data);
      await queries.invalidateQueries({ queryKey: ['overview'] });
      close();
    },
  });
  const wrong = value === '' || !(Number(value) >= 0 && Number(value) <= 1000);
  const [tried, setTried] = useState(false);
  const error = change.error;
  return (
    <form
      noValidate
      onSubmit={(e) => {
        e.preventDefault();
        setTried(true);
        if (!wrong && from) change.mutate();
      }}
    >
      <p className={classes.text}>{t('rate.text')}</p>
      <div className={classes.fields}>
        <NumberInput
          data-autofocus
          label={t('rate.amount')}
          value={value}
          onChange={setAmount}
          min={0}
          max={1000}
          step={0.05}
          decimalScale={6}
          decimalSeparator={format.decimal}
          error={tried && wrong ? t('rate.amountWrong') : undefined}
        />
        <TextInput
          type="date"
          label={t('rate.from')}
          value={from}
          onChange={(e) => setFrom(e.currentTarget.value)}
          error={tried && !from ? t('rate.fromWrong') : undefined}
        />
      </div>
      {(rates.data?.items.length ?? 0) > 0 && (
        <div className={classes.past}>
          <h3>{t('rate.past')}</h3>
          <ul>
            {rates.data?.items.toReversed().map((r) => (
              <li key={r.effective_from}>
                <b>{t('perMinute', { rate: format.euros(r.per_minute) })}</b>
                <span>{t('rate.since', { date: format.dateTime(r.effective_from), name: r.set_by })}</span>
              </li>
            ))}
          </ul>
        </div>
      )}
      {error && (
        <p className={classes.error} role="alert">
          {error instanceof ApiError ? words.error(error.code, error.message, error.params) : String(error)}
        </p>
      )}
      <Group justify="flex-end" mt="md">
        <Button variant="default" onClick={close}>
          {t('common:cancel')}
        </Button>
        <Button type="submit" loading={change.isPending}>
          {t('rate.save')}
        </Button>
      </Group>
    </form>
  );
}
