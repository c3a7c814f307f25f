import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import type { Me } from '~/api/client';
import { setupQuery } from '~/api/identity';
import { LoadFailed } from '~/components/LoadFailed';
import { LinkButton } from '~/components/links';
import { useWords } from '~/components/useWords';
import { AdminForm } from './AdminForm';
import { Alert } from './Alert';
import { Front } from './Front';
import { Steps } from './Steps';
import type { SetupStep } from './setupSteps';
import classes from './signin.module.css';

interface Props {
  /** Absent before there is an administrator. */
  step?: SetupStep;
  agent?: string;
  go(step: SetupStep, agent?: string): void;
  done(me: Me): void;
}

/** The first start: an administrator, and then three steps to the first sentence. */
export function SetupPage({ step, agent, go, done }: Props) {
  const { t } = useTranslation('signin');
  const words = useWords();
  const setup = useQuery(setupQuery());
  if (step) return <Steps step={step} agent={agent} go={go} />;
  if (setup.isError) return <LoadFailed page error={setup.error} retry={() => void setup.refetch()} />;
  if (!setup.data) return null;
  if (!setup.data.needed) {
    return (
      <Front title={t('setup.title')}>
        <Alert tone="warn">{words.error(setup.data.sign_in ? 'setup_done' : 'sign_in_off', '')}</Alert>
        <div className={classes.form}>
          <LinkButton to={setup.data.sign_in ? '/login' : '/'} size="md" fullWidth>
            {setup.data.sign_in ? t('signIn') : t('setup.toConsole')}
          </LinkButton>
        </div>
      </Front>
    );
  }
  return (
    <Front title={t('setup.title')} text={t('setup.text')}>
      <AdminForm tokenNeeded={setup.data.token_needed} done={done} />
    </Front>
  );
}
