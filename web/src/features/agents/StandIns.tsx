import { NativeSelect } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { Model } from '~/api/agents';
import { useProviderName } from '~/components/useProviderName';
import { maxFallbacks } from './form';
import { Moves } from './Moves';
import classes from './Wizard.module.css';

interface Props {
  models: Model[];
  /** Id of the model that answers first. */
  chosen: string;
  fallbacks: string[];
  change(fallbacks: string[]): void;
}

/** Who answers when the model cannot, in their order. */
export function StandIns({ models, chosen, fallbacks, change }: Props) {
  const { t } = useTranslation('agents');
  const providerName = useProviderName();
  const name = (id: string) => {
    const m = models.find((m) => m.id === id);
    return m ? t('wizard.standIns.model', { model: m.name, provider: providerName(m.provider, m.provider_name) }) : id;
  };
  const free = models.filter((m) => m.kind === 'llm' && m.available && m.id !== chosen && !fallbacks.includes(m.id));
  if (free.length === 0 && fallbacks.length === 0) return null;
  const move = (from: number, to: number) => {
    const next = fallbacks.filter((_, i) => i !== from);
    next.splice(to, 0, ...fallbacks.slice(from, from + 1));
    change(next);
  };
  return (
    <fieldset className={classes.family}>
      <legend>{t('wizard.standIns.title')}</legend>
      <p className={classes.familyText}>{t('wizard.standIns.text')}</p>
      <ol className={classes.standIns} aria-label={t('wizard.standIns.title')}>
        {fallbacks.map((id, i) => (
          <li key={id}>
            <span className={classes.standInName}>{name(id)}</span>
            <Moves
              at={i}
              count={fallbacks.length}
              move={(to) => move(i, to)}
              remove={() => change(fallbacks.filter((f) => f !== id))}
              words={{
                up: t('wizard.standIns.up', { model: name(id) }),
                down: t('wizard.standIns.down', { model: name(id) }),
                remove: t('wizard.standIns.remove', { model: name(id) }),
              }}
            />
          </li>
        ))}
      </ol>
      {free.length > 0 && fallbacks.length < maxFallbacks && (
        <NativeSelect
          label={t('wizard.standIns.add')}
          className={classes.standIn}
          value=""
          onChange={(e) => change([...fallbacks, e.currentTarget.value])}
          data={[
            { value: '', label: t('wizard.standIns.choose'), disabled: true },
            ...free.map((m) => ({ value: m.id, label: name(m.id) })),
          ]}
        />
      )}
    </fieldset>
  );
}
