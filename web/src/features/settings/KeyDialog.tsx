import { Button, Checkbox, Group, Modal, NativeSelect, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { NewKey } from '~/api/client';
import { rolesQuery } from '~/api/identity';
import { useMe } from '~/components/access';
import { Problem } from '~/components/Problem';
import { createKey, keysQuery } from './api';
import { CopyField } from './CopyField';
import { useScopeWords } from './scopes';
import classes from './settings.module.css';

const lives = ['30', '90', '365', '1825'] as const;
type Life = (typeof lives)[number];
const dayMs = 86_400_000;

/** Asks what a program may do and for how long, and then shows its key, this once. */
export function KeyDialog({ opened, close }: { opened: boolean; close(): void }) {
  const { t } = useTranslation(['settings', 'common']);
  const [made, setMade] = useState<NewKey | null>(null);
  return (
    <Modal
      opened={opened}
      onClose={close}
      onExitTransitionEnd={() => setMade(null)}
      title={made ? t('key.madeTitle') : t('key.title')}
      closeButtonProps={{ 'aria-label': t('common:close') }}
      size={560}
      centered
      // What is shown once is not lost to a click beside it.
      closeOnClickOutside={!made}
      closeOnEscape={!made}
    >
      {made ? <Made made={made} close={close} /> : <Form done={setMade} close={close} />}
    </Modal>
  );
}

function Form({ done, close }: { done(made: NewKey): void; close(): void }) {
  const { t } = useTranslation(['settings', 'common']);
  const queries = useQueryClient();
  const me = useMe();
  const roles = useQuery(rolesQuery());
  const words = useScopeWords();
  const [name, setName] = useState('');
  const [scopes, setScopes] = useState<string[]>(['talk']);
  const [life, setLife] = useState<Life>('90');
  const making = useMutation({
    mutationFn: () => {
      // A little less than the life, so that five years are within the server's five years.
      const expires = new Date(Date.now() + Number(life) * dayMs - 60_000).toISOString();
      return createKey(name.trim(), scopes, expires);
    },
    onSuccess: (made) => {
      void queries.invalidateQueries({ queryKey: keysQuery().queryKey });
      done(made);
    },
  });
  const possible = (roles.data?.scopes ?? []).filter((s) => me?.permissions.includes(s));
  return (
    <form
      className={classes.form}
      onSubmit={(e) => {
        e.preventDefault();
        making.mutate();
      }}
    >
      <TextInput
        label={t('key.name')}
        description={t('key.nameHelp')}
        required
        withAsterisk={false}
        maxLength={100}
        data-autofocus
        autoComplete="off"
        value={name}
        onChange={(e) => setName(e.currentTarget.value)}
      />
      <Checkbox.Group label={t('key.scopes')} description={t('key.scopesHelp')} value={scopes} onChange={setScopes}>
        <div className={classes.checks}>
          {possible.map((s) => (
            <Checkbox key={s} value={s} label={words(s)} description={<code>{s}</code>} />
          ))}
        </div>
      </Checkbox.Group>
      <NativeSelect
        label={t('key.life')}
        value={life}
        onChange={(e) => setLife(e.currentTarget.value as Life)}
        data={lives.map((l) => ({ value: l, label: t(`key.lives.${l}`) }))}
      />
      <Problem error={making.error} />
      <Group justify="flex-end">
        <Button variant="default" onClick={close}>
          {t('common:cancel')}
        </Button>
        <Button type="submit" loading={making.isPending}>
          {t('key.make')}
        </Button>
      </Group>
    </form>
  );
}

function Made({ made, close }: { made: NewKey; close(): void }) {
  const { t } = useTranslation('settings');
  return (
    <div className={classes.form}>
      <p className={classes.paragraph}>{t('key.made')}</p>
      <CopyField label={t('key.secret')} value={made.secret} />
      <CopyField
        label={t('key.curl')}
        value={`curl -H "Authorization: Bearer ${made.secret}" ${window.location.origin}/api/session`}
      />
      <Group justify="flex-end">
        <Button variant="default" onClick={close}>
          {t('key.kept')}
        </Button>
      </Group>
    </div>
  );
}
