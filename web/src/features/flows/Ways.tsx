import { Button, NativeSelect, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import classes from './flows.module.css';
import { conditions, edgesFrom, lead, type Step, targetOf } from './model';
import type { PartProps } from './part';
import { useCondition } from './useCondition';

interface Props extends PartProps {
  step: Step;
}

/** Where a step leads: one field for each thing that an edge can wait for. */
export function Ways({ step, d, lang, edit, fixed }: Props) {
  const { t } = useTranslation('flows');
  const condition = useCondition(lang);
  const own = edgesFrom(d, step.id).flatMap((e) => (conditions(step).includes(e.on ?? '') ? [] : (e.on ?? '')));
  const all = [...conditions(step), ...own];
  const others = d.nodes.map((n) => ({ value: n.id, label: n.id }));
  if (step.kind === 'end') return null;
  return (
    <fieldset className={classes.group}>
      <legend>{t('ways')}</legend>
      {all.map((on) => (
        <NativeSelect
          key={on}
          label={condition(step, on)}
          value={targetOf(d, step.id, on)}
          onChange={(e) => {
            const to = e.currentTarget.value;
            edit((now) => lead(now, step.id, on, to));
          }}
          data={[{ value: '', label: t('nowhere') }, ...others]}
        />
      ))}
      {step.kind === 'call' && !fixed && (
        <Status add={(on) => edit((now) => lead(now, step.id, on, step.id))} known={all} />
      )}
    </fieldset>
  );
}

function Status({ add, known }: { add(on: string): void; known: string[] }) {
  const { t } = useTranslation('flows');
  const [on, setOn] = useState('');
  return (
    <div className={classes.pair}>
      <TextInput
        label={t('field.status')}
        description={t('field.statusHelp')}
        spellCheck={false}
        value={on}
        onChange={(e) => setOn(e.currentTarget.value)}
      />
      <Button
        variant="default"
        className={classes.low}
        disabled={on.trim() === '' || known.includes(on.trim())}
        onClick={() => {
          add(on.trim());
          setOn('');
        }}
      >
        {t('field.statusAdd')}
      </Button>
    </div>
  );
}
