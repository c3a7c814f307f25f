import { UnstyledButton } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import classes from './flows.module.css';
import { kindIcons } from './kindIcons';
import { edgesFrom, firstWords, inOrder } from './model';
import type { PartProps } from './part';
import { useCondition } from './useCondition';

/** The steps as a list, in the order in which they are gone through. It says all that the drawing shows. */
export function Outline({ d, lang, choose, chosen, current, troubled }: PartProps) {
  const { t } = useTranslation('flows');
  const condition = useCondition(lang);
  return (
    <ol className={classes.outline}>
      {inOrder(d).map((step) => {
        const Icon = kindIcons[step.kind];
        const ways = edgesFrom(d, step.id);
        return (
          <li key={step.id} data-current={step.id === current || undefined}>
            <UnstyledButton
              className={classes.line}
              data-chosen={step.id === chosen || undefined}
              aria-current={step.id === chosen || undefined}
              onClick={() => choose(step.id)}
            >
              <Icon size={18} stroke={1.8} aria-hidden />
              <span className={classes.lineText}>
                <b>
                  {step.id}
                  <small>{t(`kind.${step.kind}`)}</small>
                  {step.id === d.start && <small>{t('start')}</small>}
                  {step.id === current && <small className={classes.here}>{t('here')}</small>}
                </b>
                <span>{firstWords(step, lang)}</span>
              </span>
              {troubled.has(step.id) && (
                <IconAlertTriangle size={17} stroke={1.9} className={classes.alert} aria-label={t('troubled')} />
              )}
            </UnstyledButton>
            {ways.length > 0 && (
              <ul className={classes.lineWays}>
                {ways.map((e) => (
                  <li key={e.on ?? ''}>{t('way', { on: condition(step, e.on ?? ''), to: e.to })}</li>
                ))}
              </ul>
            )}
          </li>
        );
      })}
    </ol>
  );
}
