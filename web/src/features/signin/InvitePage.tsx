import { Button, PasswordInput, Skeleton, TextInput } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ApiError, api, type Invited, type Me, unwrap } from '~/api/client';
import { LinkButton } from '~/components/links';
import { useFormat } from '~/components/useFormat';
import { isLanguage } from '~/lib/language';
import { Alert } from './Alert';
import { Front } from './Front';
import { useFailure, useWait } from './failure';
import { SingleSignOn } from './SignInForm';
import classes from './signin.module.css';

/** Where the link of an invitation leads: who invites whom to what, and how to accept. */
export function InvitePage({ token, done }: { token: string; done(me: Me): void }) {
  const { t } = useTranslation(['signin', 'common']);
  const invitation = useQuery({
    queryKey: ['invite', token],
    queryFn: ({ signal }) => unwrap(api.GET('/api/invite/{token}', { signal, params: { path: { token } } })),
    staleTime: Number.POSITIVE_INFINITY,
  });
  const failure = useFailure(invitation.error);
  if (invitation.isError) {
    const { error } = invitation;
    const gone = error instanceof ApiError && error.status >= 400 && error.status < 500;
    return (
      <Front title={t('invite.title')}>
        <Alert>{failure.general}</Alert>
        <div className={classes.form}>
          {gone ? (
            <LinkButton to="/login" variant="default" size="md" fullWidth>
              {t('signIn')}
            </LinkButton>
          ) : (
            <Button variant="default" size="md" fullWidth onClick={() => void invitation.refetch()}>
              {t('common:retry')}
            </Button>
          )}
        </div>
      </Front>
    );
  }
  return (
    <Front title={t('invite.title')} text={t('invite.text')}>
      {invitation.data ? (
        <Accept token={token} invited={invitation.data} done={done} />
      ) : (
        <Skeleton height={300} mt="lg" radius="lg" />
      )}
    </Front>
  );
}

function Accept({ token, invited, done }: { token: string; invited: Invited; done(me: Me): void }) {
  const { t, i18n } = useTranslation(['signin', 'common']);
  const format = useFormat();
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const acceptance = useMutation({
    mutationFn: () => {
      const language = isLanguage(i18n.language) ? i18n.language : undefined;
      const body = invited.has_account ? { password } : { name, password, language };
      return unwrap(api.POST('/api/invite/{token}', { params: { path: { token } }, body }));
    },
    onSuccess: done,
  });
  const failure = useFailure(acceptance.error);
  const wait = useWait(acceptance.error);
  return (
    <>
      <dl className={classes.facts}>
        <dt>{t('invite.by')}</dt>
        <dd>{invited.invited_by}</dd>
        <dt>{t('invite.tenant')}</dt>
        <dd>{invited.tenant}</dd>
        <dt>{t('invite.role')}</dt>
        <dd>
          {t(`common:role.${invited.role}`)}{' '}
          <span className={classes.weak}>{t(`common:roleText.${invited.role}`)}</span>
        </dd>
        <dt>{t('email')}</dt>
        <dd>{invited.email}</dd>
        <dt>{t('invite.until')}</dt>
        <dd>{format.dateTime(invited.expires_at)}</dd>
      </dl>
      <form
        className={classes.form}
        onSubmit={(e) => {
          e.preventDefault();
          if (wait === 0) acceptance.mutate();
        }}
      >
        {wait > 0 ? (
          <Alert tone="warn">{t('wait', { count: wait })}</Alert>
        ) : (
          failure.general && <Alert>{failure.general}</Alert>
        )}
        {/* For password managers: whose password this is. */}
        <input type="hidden" name="username" autoComplete="username" value={invited.email} />
        {invited.has_account ? (
          <p className={classes.note}>{t('invite.hasAccount')}</p>
        ) : (
          <TextInput
            label={t('name')}
            name="name"
            autoComplete="name"
            required
            withAsterisk={false}
            value={name}
            onChange={(e) => setName(e.currentTarget.value)}
            error={failure.of('name')}
          />
        )}
        <PasswordInput
          label={invited.has_account ? t('password') : t('invite.choosePassword')}
          description={invited.has_account ? undefined : t('passwordHelp')}
          name="password"
          autoComplete={invited.has_account ? 'current-password' : 'new-password'}
          required
          withAsterisk={false}
          value={password}
          onChange={(e) => setPassword(e.currentTarget.value)}
          error={failure.of('password')}
          visibilityToggleButtonProps={{ 'aria-label': t('showPassword') }}
        />
        <Button type="submit" size="md" fullWidth loading={acceptance.isPending} disabled={wait > 0}>
          {t('invite.accept')}
        </Button>
        {invited.sso && <SingleSignOn name={invited.sso} back="/" />}
      </form>
    </>
  );
}
