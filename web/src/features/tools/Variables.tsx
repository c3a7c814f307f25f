import { Button, PasswordInput, Skeleton, TextInput } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconKey } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useAccess } from '~/components/access';
import { Confirm } from '~/components/Confirm';
import { EmptyState } from '~/components/EmptyState';
import { Forbidden } from '~/components/Forbidden';
import { GuardedButton } from '~/components/Guarded';
import { LazyWords } from '~/components/LazyWords';
import { LoadFailed } from '~/components/LoadFailed';
import { LinkButton } from '~/components/links';
import page from '~/components/Page.module.css';
import { PageTitle } from '~/components/PageTitle';
import { Problem } from '~/components/Problem';
import { deleteVariable, setVariable, variablesQuery } from './api';
import { variable } from './form';
import classes from './tools.module.css';

const mask = '••••••••';

/** The variables that tools use. Their values are sealed: they can be replaced, and are never shown. */
export function Variables() {
  return (
    <LazyWords namespace="tools">
      <Content />
    </LazyWords>
  );
}

function Content() {
  const { t } = useTranslation('tools');
  const { allowed } = useAccess('tools:read');
  const list = useQuery({ ...variablesQuery(), enabled: allowed });
  const [name, setName] = useState('');
  if (!allowed) return <Forbidden needs="tools:read" title={t('variables.title')} />;
  const names = list.data?.names ?? [];
  return (
    <div className={page.page}>
      <div className={page.head}>
        <div>
          <PageTitle subtitle={t('variables.subtitle', { form: variable('NAME') })}>{t('variables.title')}</PageTitle>
        </div>
        <LinkButton to="/tools" variant="default">
          {t('back')}
        </LinkButton>
      </div>
      <Setter name={name} setName={setName} known={names.includes(name.trim())} />
      {list.isPending && <Skeleton height={160} radius="lg" className={classes.waiting} />}
      {list.isError && <LoadFailed error={list.error} retry={() => void list.refetch()} />}
      {list.isSuccess && names.length === 0 && (
        <EmptyState icon={IconKey} title={t('variables.empty')} text={t('variables.emptyText')} />
      )}
      {names.length > 0 && (
        <ul className={`${page.card} ${classes.rows}`}>
          {names.map((n) => (
            <Row key={n} name={n} replace={() => setName(n)} />
          ))}
        </ul>
      )}
    </div>
  );
}

function Setter({ name, setName, known }: { name: string; setName(name: string): void; known: boolean }) {
  const { t } = useTranslation('tools');
  const queries = useQueryClient();
  const [value, setValue] = useState('');
  const set = useMutation({
    mutationFn: () => setVariable(name.trim(), value),
    onSuccess: (list) => {
      queries.setQueryData(variablesQuery().queryKey, list);
      setName('');
      setValue('');
    },
  });
  const submit = (e: FormEvent) => {
    e.preventDefault();
    if (name.trim() && value) set.mutate();
  };
  return (
    <form className={`${page.card} ${classes.section}`} onSubmit={submit}>
      <h2>{t('variables.set')}</h2>
      <div className={classes.pair}>
        <TextInput
          label={t('variables.name')}
          description={t('variables.nameHelp')}
          placeholder="CRM_TOKEN"
          maxLength={64}
          autoComplete="off"
          spellCheck={false}
          classNames={{ input: classes.mono }}
          value={name}
          onChange={(e) => setName(e.currentTarget.value)}
        />
        <PasswordInput
          label={t('variables.value')}
          description={t('variables.valueHelp')}
          maxLength={8192}
          autoComplete="new-password"
          visibilityToggleButtonProps={{ 'aria-label': t('variables.show') }}
          value={value}
          onChange={(e) => setValue(e.currentTarget.value)}
        />
      </div>
      <Problem error={set.error} />
      <div>
        <GuardedButton needs="tools:write" type="submit" loading={set.isPending} disabled={!name.trim() || !value}>
          {t(known ? 'variables.replace' : 'variables.keep')}
        </GuardedButton>
      </div>
    </form>
  );
}

function Row({ name, replace }: { name: string; replace(): void }) {
  const { t } = useTranslation('tools');
  const queries = useQueryClient();
  const [asking, ask] = useDisclosure(false);
  const removal = useMutation({
    mutationFn: () => deleteVariable(name),
    onSuccess: () => queries.invalidateQueries({ queryKey: variablesQuery().queryKey }),
  });
  return (
    <li>
      <code>{name}</code>
      <span className={classes.mask} role="img" aria-label={t('variables.masked')}>
        {mask}
      </span>
      <Button
        variant="default"
        size="compact-sm"
        aria-label={t('variables.replaceOf', { name })}
        onClick={() => {
          replace();
          window.scrollTo({ top: 0 });
        }}
      >
        {t('variables.replace')}
      </Button>
      <GuardedButton
        needs="tools:write"
        variant="subtle"
        size="compact-sm"
        aria-label={t('variables.deleteOf', { name })}
        onClick={ask.open}
      >
        {t('deletion.confirm')}
      </GuardedButton>
      <Confirm
        opened={asking}
        title={t('variables.deleteOf', { name })}
        text={t('variables.deleteText')}
        confirm={t('deletion.confirm')}
        pending={removal.isPending}
        error={removal.error}
        close={ask.close}
        go={() => removal.mutate()}
      />
    </li>
  );
}
