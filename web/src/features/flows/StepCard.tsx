import { IconAlertTriangle } from '@tabler/icons-react';
import { Handle, type NodeProps, Position } from '@xyflow/react';
import { memo } from 'react';
import { useTranslation } from 'react-i18next';
import classes from './flows.module.css';
import { kindIcons } from './kindIcons';
import { firstWords, type Step } from './model';

interface Data {
  step: Step;
  lang: string;
  start: boolean;
  current: boolean;
  troubled: boolean;
}

/** One step in the drawing. */
export const StepCard = memo(function StepCard({ data, selected }: NodeProps) {
  const { t } = useTranslation('flows');
  const { step, lang, start, current, troubled } = data as unknown as Data;
  const Icon = kindIcons[step.kind];
  const words = firstWords(step, lang) || step.tool || step.instructions || step.number;
  return (
    <div
      className={classes.step}
      data-kind={step.kind}
      data-chosen={selected || undefined}
      data-current={current || undefined}
    >
      <Handle type="target" position={Position.Top} className={classes.handle} />
      <div className={classes.stepHead}>
        <Icon size={15} stroke={1.9} aria-hidden />
        <b>{step.id}</b>
        {start && <small>{t('start')}</small>}
        {current && <small className={classes.here}>{t('here')}</small>}
        {troubled && <IconAlertTriangle size={15} stroke={2} className={classes.alert} aria-label={t('troubled')} />}
      </div>
      <p className={classes.stepText}>{words || t(`kind.${step.kind}`)}</p>
      {step.kind !== 'end' && <Handle type="source" position={Position.Bottom} className={classes.handle} />}
    </div>
  );
});

/** Where edges begin that are taken from everywhere. */
export const AnywhereCard = memo(function AnywhereCard() {
  const { t } = useTranslation('flows');
  return (
    <div className={classes.step} data-kind="anywhere">
      <p className={classes.stepText}>{t('anywhere')}</p>
      <Handle type="source" position={Position.Bottom} className={classes.handle} isConnectable={false} />
    </div>
  );
});
