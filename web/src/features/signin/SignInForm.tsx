import { Button, PasswordInput, TextInput } from '@mantine/core';
import { IconLogin2 } from '@tabler/icons-react';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Me } from '~/api/client';
import { setupQuery, signIn } from '~/api/identity';
import { Alert } from './Alert';
import { useFailure, useWait } from './failure';
import classes from './signin.module.css';

interface Props {
  /** Known already: only the password is asked. */
  email?: string;
  /** Path of the console to go on to after a sign-in at the provider. */
  back: string;
  done(me: Me): void;
}

/** E-mail address and password, or the way to the provider. */
export function SignInForm({ email: known, back, done }: Props) {
  const { t } = useTranslation('signin');
  const setup = useQuery(setupQuery());
  const [email, setEmail] = useState(known ?? '');
  const [password, setPassword] = useState('');
  const entry = useMutation({ mutationFn: () => signIn(email.trim(), password), onSuccess: done });
  const failure = useFailure(entry.error);
  const wait = useWait(entry.error);
  return (
    <form
      className={classes.form}
      onSubmit={(e) => {
        e.preventDefault();
        if (wait === 0) entry.mutate();
      }}
    >
      {wait > 0 ? (
        <Alert tone="warn">{t('wait', { count: wait })}</Alert>
      ) : (
        failure.general && <Alert>{failure.general}</Alert>
      )}
      <TextInput
        label={t('email')}
        type="email"
        name="email"
        autoComplete="username"
        required
        withAsterisk={false}
        data-autofocus={known ? undefined : true}
        value={email}
        onChange={(e) => setEmail(e.currentTarget.value)}
        error={failure.of('email')}
      />
      <PasswordInput
        label={t('password')}
        name="password"
        autoComplete="current-password"
        required
        withAsterisk={false}
        data-autofocus={known ? true : undefined}
        value={password}
        onChange={(e) => setPassword(e.currentTarget.value)}
        error={failure.of('password')}
        visibilityToggleButtonProps={{ 'aria-label': t('showPassword') }}
      />
      <Button type="submit" size="md" fullWidth loading={entry.isPending} disabled={wait > 0}>
        {t('signIn')}
      </Button>
      {setup.data?.sso && <SingleSignOn name={setup.data.sso} back={back} />}
    </form>
  );
}

export function SingleSignOn({ name, back }: { name: string; back: string }) {
  const { t } = useTranslation('signin');
  return (
    <>
      <p className={classes.or}>{t('or')}</p>
      <Button
        component="a"
        href={`/api/session/sso?return=${encodeURIComponent(back)}`}
        variant="default"
        size="md"
        fullWidth
        leftSection={<IconLogin2 size={18} stroke={1.8} aria-hidden />}
      >
        {t('sso', { name })}
      </Button>
    </>
  );
}
