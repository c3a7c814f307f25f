import { useTranslation } from 'react-i18next';
import type { Me } from '~/api/client';
import { Alert } from './Alert';
import { Front } from './Front';
import { SignInForm } from './SignInForm';

interface Props {
  email?: string;
  /** It stands for the whole page, not in a dialog. */
  page?: boolean;
  done(me: Me): void;
}

/** The sign-in in the place where somebody wanted to be: afterwards they are there. */
export function SignInHere({ email, page, done }: Props) {
  const { t } = useTranslation('signin');
  const back = `${window.location.pathname}${window.location.search}`;
  if (page) {
    return (
      <Front title={t('title')} text={t('text')}>
        <SignInForm back={back} done={done} />
      </Front>
    );
  }
  return (
    <>
      <Alert tone="warn">{t('again.text')}</Alert>
      <SignInForm email={email} back={back} done={done} />
    </>
  );
}
