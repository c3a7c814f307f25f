import { Button } from '@mantine/core';
import { IconCloudCheck, IconCloudOff, IconCloudUp, IconPencil, IconUsers } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import type { DraftState } from './draft';
import { useProblem } from './useProblem';
import classes from './Wizard.module.css';

interface Props {
  state: DraftState;
  saves: boolean;
  retry(): void;
  /** Shows what somebody else has changed. */
  compare(): void;
}

/** Whether what is typed is safe. */
export function SaveState({ state, saves, retry, compare }: Props) {
  const { t } = useTranslation('agents');
  const { problem } = useProblem();
  const { status, agent, error } = state;
  if (status === 'failed') {
    return (
      <p className={classes.save} data-tone="neg" role="alert">
        <IconCloudOff size={17} stroke={1.8} aria-hidden />
        {t('wizard.save.failed', { why: problem(error) })}
        <Button size="compact-xs" variant="default" onClick={retry}>
          {t('wizard.save.retry')}
        </Button>
      </p>
    );
  }
  if (status === 'conflict') {
    return (
      <p className={classes.save} data-tone="neg" role="alert">
        <IconUsers size={17} stroke={1.8} aria-hidden />
        {t('wizard.save.conflict')}
        <Button size="compact-xs" variant="default" onClick={compare}>
          {t('wizard.save.compare')}
        </Button>
      </p>
    );
  }
  const waits = !saves && status !== 'clean' && status !== 'saving';
  const [Icon, text] = waits
    ? [IconPencil, t('wizard.save.waits')]
    : status === 'clean'
      ? agent
        ? [
            IconCloudCheck,
            t(agent.status === 'active' ? 'wizard.save.published' : 'wizard.save.saved', {
              reference: agent.reference,
            }),
          ]
        : [undefined, '']
      : [IconCloudUp, t('wizard.save.saving')];
  return (
    <p className={classes.save} role="status" data-tone={status === 'clean' && agent ? 'pos' : undefined}>
      {Icon && <Icon size={17} stroke={1.8} aria-hidden />}
      {text}
    </p>
  );
}
