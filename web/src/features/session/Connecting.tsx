import { Button, Loader } from '@mantine/core';
import { IconCheck, IconMinus, IconX } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '~/components/useFormat';
import type { Call, Step } from '~/live/call';
import type { LiveClient } from '~/live/client';
import classes from './Connecting.module.css';

/** The steps until the line stands, each with its time, so that one that is stuck is seen. */
export function Connecting({ call, client }: { call: Call; client: LiveClient }) {
  const { t } = useTranslation('session');
  const asking = call.mic.state === 'asking';
  return (
    <div className={classes.panel}>
      <ol className={classes.steps} aria-label={t('steps.label')}>
        {call.steps.map((step) => (
          <li key={step.name} data-state={step.state}>
            <Mark step={step} />
            <span className={classes.step}>{t(`steps.${step.name}`)}</span>
            <StepState step={step} />
          </li>
        ))}
      </ol>
      {asking && (
        <>
          <p className={classes.text}>{t('steps.allow')}</p>
          <Button variant="default" onClick={() => client.skipMicrophone()}>
            {t('before.withoutMic')}
          </Button>
        </>
      )}
    </div>
  );
}

function Mark({ step }: { step: Step }) {
  return (
    <span className={classes.mark} aria-hidden>
      {step.state === 'running' && <Loader size={14} color="violet" />}
      {step.state === 'done' && <IconCheck size={15} stroke={2.4} />}
      {step.state === 'failed' && <IconX size={15} stroke={2.4} />}
      {(step.state === 'skipped' || step.state === 'waiting') && <IconMinus size={15} stroke={2} />}
    </span>
  );
}

function StepState({ step }: { step: Step }) {
  const { t } = useTranslation('session');
  const format = useFormat();
  const time = format.ms((step.to ?? 0) - (step.from ?? 0));
  return <span className={classes.stepState}>{t(`steps.${step.state}`, { time })}</span>;
}
