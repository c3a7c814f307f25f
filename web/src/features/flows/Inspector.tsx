import { Button, NativeSelect, TextInput } from '@mantine/core';
import { IconTrash } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import page from '~/components/Page.module.css';
import type { Finding } from './api';
import classes from './flows.module.css';
import { type Kind, kinds, remove, rename, type Step, stepAt, stepOf, turnInto } from './model';
import type { PartProps } from './part';
import { StepFields } from './StepFields';
import { useFinding } from './useFinding';
import { Ways } from './Ways';

interface Props extends PartProps {
  step: Step;
  findings: Finding[];
}

const idPattern = /^[a-z][a-z0-9_]{0,39}$/;

/** The form of one step. */
export function Inspector(props: Props) {
  const { step, findings, d, fixed, edit, choose } = props;
  const { t } = useTranslation('flows');
  const words = useFinding();
  const mine = findings.filter((f) => f.node === step.id || stepAt(d, f.path) === step.id);
  return (
    <section className={`${page.card} ${classes.panel}`} aria-label={t('stepOf', { id: step.id })}>
      <h2>{t('stepOf', { id: step.id })}</h2>
      {mine.length > 0 && (
        <ul className={classes.mine}>
          {mine.map((f) => (
            <li key={`${f.path} ${f.code}`}>{words(f)}</li>
          ))}
        </ul>
      )}
      <fieldset disabled={fixed} className={classes.fields}>
        <div className={classes.two}>
          <Name {...props} />
          <NativeSelect
            label={t('field.kind')}
            value={step.kind}
            onChange={(e) => {
              const kind = e.currentTarget.value as Kind;
              edit((now) => turnInto(now, step.id, kind));
            }}
            data={kinds.map((kind) => ({ value: kind, label: t(`kind.${kind}`) }))}
          />
        </div>
        <p className={classes.help}>{t(`kindHelp.${step.kind}`)}</p>
        <StepFields {...props} />
        <Ways {...props} />
        {!fixed && (
          <div className={classes.row}>
            {d.start !== step.id && (
              <Button variant="default" size="compact-sm" onClick={() => edit((now) => ({ ...now, start: step.id }))}>
                {t('makeStart')}
              </Button>
            )}
            <Button
              variant="subtle"
              color="red"
              size="compact-sm"
              leftSection={<IconTrash size={15} stroke={1.8} aria-hidden />}
              onClick={() => {
                edit((now) => remove(now, [step.id]));
                choose(undefined);
              }}
            >
              {t('removeStep')}
            </Button>
          </div>
        )}
      </fieldset>
    </section>
  );
}

/** The step's id, which edges and the record of conversations name. It changes when the field is left. */
function Name({ step, d, edit, choose }: Props) {
  const { t } = useTranslation('flows');
  const [id, setID] = useState(step.id);
  const taken = id !== step.id && stepOf(d, id) !== undefined;
  const bad = !idPattern.test(id) ? t('finding.bad_id') : taken ? t('finding.twice') : undefined;
  const keep = () => {
    if (bad || id === step.id) return setID(step.id);
    edit((now) => rename(now, step.id, id));
    choose(id);
  };
  return (
    <TextInput
      label={t('field.id')}
      value={id}
      error={bad}
      spellCheck={false}
      onChange={(e) => setID(e.currentTarget.value)}
      onBlur={keep}
      onKeyDown={(e) => e.key === 'Enter' && keep()}
    />
  );
}
