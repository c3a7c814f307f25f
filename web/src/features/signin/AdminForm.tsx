import { Button, PasswordInput, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, type Me, unwrap } from '~/api/client';
import { isLanguage } from '~/lib/language';
import { Alert } from './Alert';
import { useFailure, useWait } from './failure';
import classes from './signin.module.css';

/** Makes the first administrator, who is signed in at once. */
export function AdminForm({ tokenNeeded, done }: { tokenNeeded: boolean; done(me: Me): void }) {
  const { t, i18n } = useTranslation('signin');
  const [form, setForm] = useState({ tenant: '', name: '', email: '', password: '', token: '' });
  const creation = useMutation({
    mutationFn: () => {
      const language = isLanguage(i18n.language) ? i18n.language : undefined;
      const { tenant, token, ...rest } = form;
      const body = {
        ...rest,
        email: form.email.trim(),
        language,
        tenant: tenant || undefined,
        token: token.trim() || undefined,
      };
      return unwrap(api.POST('/api/setup', { body }));
    },
    onSuccess: done,
  });
  const failure = useFailure(creation.error);
  const wait = useWait(creation.error);
  const field = (name: keyof typeof form) => ({
    name,
    value: form[name],
    onChange: (e: { currentTarget: { value: string } }) => {
      const { value } = e.currentTarget;
      setForm((before) => ({ ...before, [name]: value }));
    },
    error: failure.of(name),
  });
  return (
    <form
      className={classes.form}
      onSubmit={(e) => {
        e.preventDefault();
        if (wait === 0) creation.mutate();
      }}
    >
      {wait > 0 ? (
        <Alert tone="warn">{t('wait', { count: wait })}</Alert>
      ) : (
        failure.general && <Alert>{failure.general}</Alert>
      )}
      {tokenNeeded && (
        <TextInput
          label={t('setup.token')}
          description={t('setup.tokenHelp')}
          required
          withAsterisk={false}
          autoComplete="off"
          {...field('token')}
        />
      )}
      <TextInput label={t('name')} required withAsterisk={false} autoComplete="name" {...field('name')} />
      <TextInput
        label={t('email')}
        type="email"
        required
        withAsterisk={false}
        autoComplete="username"
        {...field('email')}
      />
      <PasswordInput
        label={t('password')}
        description={t('passwordHelp')}
        required
        withAsterisk={false}
        autoComplete="new-password"
        visibilityToggleButtonProps={{ 'aria-label': t('showPassword') }}
        {...field('password')}
      />
      <TextInput
        label={t('setup.tenant')}
        description={t('setup.tenantHelp')}
        autoComplete="organization"
        {...field('tenant')}
      />
      <Button type="submit" size="md" fullWidth loading={creation.isPending} disabled={wait > 0}>
        {t('setup.create')}
      </Button>
    </form>
  );
}
