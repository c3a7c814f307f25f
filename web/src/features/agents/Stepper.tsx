import { IconCheck } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import type { Model } from '~/api/agents';
import { useFormat } from '~/components/useFormat';
import { characters, type Form, missing, type Step } from './form';
import classes from './Stepper.module.css';

interface Props {
  steps: Step[];
  form: Form;
  models?: Model[];
  /** Index of the step that is open, and of the last that may be opened. */
  at: number;
  reached: number;
  open(step: Step): void;
}

/** Where one is. Steps that are done are green and lead back to them. */
export function Stepper({ steps, form, models, at, reached, open }: Props) {
  const { t } = useTranslation('agents');
  const note = useNotes(form, models);
  return (
    <nav aria-label={t('wizard.steps')}>
      <ol className={classes.steps}>
        {steps.map((step, i) => {
          const complete = missing(form, step).length === 0;
          const done = complete && i !== at && i <= Math.max(reached, at) && step !== 'publish';
          const can = i <= Math.max(reached, at);
          return (
            <li key={step} className={classes.step} data-state={i === at ? 'now' : done ? 'done' : 'ahead'}>
              <button
                type="button"
                className={classes.button}
                disabled={!can}
                aria-current={i === at ? 'step' : undefined}
                onClick={() => open(step)}
              >
                <span className={classes.mark}>
                  {done ? <IconCheck size={17} stroke={2.4} aria-label={t('wizard.done')} /> : i + 1}
                </span>
                <span className={classes.words}>
                  <b>{t(`wizard.step.${step}`)}</b>
                  <span className={classes.note}>{note(step)}</span>
                </span>
              </button>
            </li>
          );
        })}
      </ol>
    </nav>
  );
}

/** What has been chosen in a step, or what it is about. */
function useNotes(form: Form, models?: Model[]) {
  const { t } = useTranslation('agents');
  const format = useFormat();
  return (step: Step): string => {
    if (step === 'model' && form.model !== '') return models?.find((m) => m.id === form.model)?.name ?? form.model;
    if (step === 'voice' && form.voice !== '' && form.voice !== 'auto') return format.language(form.language);
    if (step === 'instructions' && form.instructions !== '') {
      return t('wizard.characters', { count: characters(form.instructions) });
    }
    if (step === 'publish' && form.name !== '') return form.name;
    return t(`wizard.note.${step}`);
  };
}
