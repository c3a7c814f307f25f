import { Loader } from '@mantine/core';
import { IconCheck, IconMinus } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { type PeerStep, peerSteps } from '~/live/peercall';
import classes from './PeerSteps.module.css';

/** What has to happen until the line stands, so that a step that is stuck is seen. */
export function PeerSteps({ step, microphone }: { step: PeerStep; microphone: boolean }) {
  const { t } = useTranslation('realtime');
  const at = peerSteps.indexOf(step);
  return (
    <>
      <ol className={classes.steps} aria-label={t('steps.label')}>
        {peerSteps.map((name, i) => {
          const skipped = name === 'mic' && !microphone;
          const state = skipped ? 'skipped' : i < at ? 'done' : i === at ? 'running' : 'waiting';
          return (
            <li key={name} data-state={state}>
              <span className={classes.mark} aria-hidden>
                {state === 'running' && <Loader size={14} color="violet" />}
                {state === 'done' && <IconCheck size={15} stroke={2.4} />}
                {(state === 'waiting' || state === 'skipped') && <IconMinus size={15} stroke={2} />}
              </span>
              <span className={classes.name}>{t(`steps.${name}`)}</span>
              <span className={classes.state}>{t(`steps.${state}`)}</span>
            </li>
          );
        })}
      </ol>
      {step === 'mic' && <p className={classes.allow}>{t('steps.allow')}</p>}
    </>
  );
}
