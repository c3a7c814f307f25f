import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import type { Me } from '~/api/client';
import { setupQuery } from '~/api/identity';
import { LinkButton } from '~/components/links';
import { useWords } from '~/components/useWords';
import { Alert } from './Alert';
import { Front } from './Front';
import { SignInForm } from './SignInForm';
import classes from './signin.module.css';

export interface LoginSearch {
  /** Path of the console to go on to. */
  return?: string;
  /** What went wrong at the provider, by code, with the values for its words. */
  error?: string;
  email?: string;
  seconds?: string;
  /** Whoever comes has just signed out. */
  out?: boolean;
}

export function LoginPage({ search, done }: { search: LoginSearch; done(me: Me): void }) {
  const { t } = useTranslation('signin');
  const words = useWords();
  const setup = useQuery(setupQuery());
  const params = { email: search.email ?? '', seconds: search.seconds ?? '' };
  return (
    <Front title={t('title')} text={t('text')}>
      {search.out && <Alert tone="pos">{t('out')}</Alert>}
      {search.error && <Alert>{words.error(search.error, '', params)}</Alert>}
      {setup.data?.needed && <NothingYet />}
      {setup.data && !setup.data.sign_in && <Alert tone="warn">{words.error('sign_in_off', '')}</Alert>}
      {setup.data?.needed !== true && setup.data?.sign_in !== false && (
        <>
          <SignInForm back={search.return ?? '/'} done={done} />
          <p className={classes.note}>{t('forgotten')}</p>
        </>
      )}
    </Front>
  );
}

function NothingYet() {
  const { t } = useTranslation('signin');
  return (
    <div className={classes.form}>
      <Alert tone="warn">{t('nobodyYet')}</Alert>
      <LinkButton to="/setup" size="md" fullWidth>
        {t('setup.title')}
      </LinkButton>
    </div>
  );
}
