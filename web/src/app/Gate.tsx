import { Modal, Skeleton } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Navigate } from '@tanstack/react-router';
import { lazy, type ReactNode, Suspense, useEffect, useSyncExternalStore } from 'react';
import { useTranslation } from 'react-i18next';
import { ApiError, type Me } from '~/api/client';
import { sessionQuery, setupQuery } from '~/api/identity';
import { signedOut } from '~/api/signedOut';
import classes from '~/app/Shell.module.css';
import { LoadFailed } from '~/components/LoadFailed';

const SignIn = lazy(() => import('~/features/signin/SignInHere').then((m) => ({ default: m.SignInHere })));

/**
 * Lets through who is known. Others sign in where they are, and the page comes in its place; when a session ends while somebody works, the page stays as it is under the
 * dialog, with what was typed, and its requests are made again.
 */
export function Gate({ children }: { children: ReactNode }) {
  const session = useQuery(sessionQuery());
  const setup = useQuery(setupQuery());
  const queries = useQueryClient();
  const out = useSyncExternalStore(signedOut.subscribe, signedOut.get);
  const me = session.data;
  const welcome = async (fresh: Me) => {
    const another = me?.person?.id !== fresh.person?.id || me?.tenant.id !== fresh.tenant.id;
    if (another) queries.removeQueries({ type: 'inactive' });
    queries.setQueryData(sessionQuery().queryKey, fresh);
    signedOut.set(false);
    await (another ? queries.resetQueries({ predicate: notMe }) : queries.invalidateQueries({ predicate: notMe }));
  };
  useEffect(() => {
    if (me && session.isSuccess) signedOut.set(false);
  }, [me, session.isSuccess]);

  if (me) {
    return (
      <>
        {children}
        <SignInAgain opened={out} email={me.person?.email} done={welcome} />
      </>
    );
  }
  if (!session.isError) return <Waiting />;
  const { error } = session;
  const refused = error instanceof ApiError && (error.status === 401 || error.status === 403);
  if (!refused) return <LoadFailed page error={error} retry={() => void session.refetch()} />;
  if (setup.isPending) return <Waiting />;
  if (setup.data?.needed) return <Navigate to="/setup" replace />;
  if (!setup.data?.sign_in) return <LoadFailed page error={error} retry={() => void session.refetch()} />;
  return (
    <Suspense fallback={<Waiting />}>
      <SignIn done={welcome} page />
    </Suspense>
  );
}

const notMe = ({ queryKey }: { queryKey: readonly unknown[] }) => queryKey[0] !== 'session';

function SignInAgain({ opened, email, done }: { opened: boolean; email?: string; done(me: Me): void }) {
  const { t } = useTranslation('signin');
  return (
    <Modal
      opened={opened}
      onClose={() => undefined}
      withCloseButton={false}
      closeOnEscape={false}
      closeOnClickOutside={false}
      title={t('again.title')}
      centered
    >
      <Suspense fallback={<Skeleton height={220} />}>
        <SignIn done={done} email={email} />
      </Suspense>
    </Modal>
  );
}

function Waiting() {
  const { t } = useTranslation();
  return (
    <div className={classes.waiting} role="status" aria-label={t('loading')}>
      <Skeleton height={28} width={220} />
      <Skeleton height={280} radius="lg" mt={22} />
    </div>
  );
}
