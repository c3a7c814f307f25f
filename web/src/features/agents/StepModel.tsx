import { Skeleton } from '@mantine/core';
import { IconCheck } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import type { Model, ModelFamily } from '~/api/agents';
import { LoadFailed } from '~/components/LoadFailed';
import { useFormat } from '~/components/useFormat';
import { useProviderName } from '~/components/useProviderName';
import { Chip } from '~/ui/Chip';
import { modelsQuery } from './api';
import { withModel } from './form';
import { StandIns } from './StandIns';
import { fieldId, type StepProps } from './step';
import classes from './Wizard.module.css';

/** The model, by family. What cannot be had here says why. */
export function StepModel({ form, edit, lacks }: StepProps) {
  const { i18n } = useTranslation();
  const models = useQuery(modelsQuery(i18n.language));
  const lack = lacks('model');
  if (models.isError) return <LoadFailed error={models.error} retry={() => void models.refetch()} />;
  if (!models.data) return <Skeleton height={320} radius="lg" />;
  // A model of a provider that this program does not have cannot be chosen, whatever is set.
  const usable = models.data.items.filter((m) => m.kind === 'llm' || m.kind === 'flow' || m.kind === 's2s');
  const fitting = usable.filter((m) => form.kind !== 'text' || m.kind === 'llm');
  const groups = [undefined, ...models.data.families]
    .map((family) => ({ family, items: fitting.filter((m) => (m.family ?? '') === (family?.id ?? '')) }))
    .filter((g) => g.items.length > 0)
    // What can be had comes first: native audio, then models that write, then the flows.
    .sort((a, b) => Number(ready(b.items)) - Number(ready(a.items)) || Number(!a.family) - Number(!b.family));
  return (
    <div id={fieldId('model')}>
      {lack && <p className={classes.lack}>{lack}</p>}
      {groups.map(({ family, items }) => (
        <Family
          key={family?.id ?? ''}
          family={family}
          items={items}
          chosen={form.model}
          any={ready(fitting)}
          choose={(m) => edit((f) => withModel(f, m))}
        />
      ))}
      {form.model !== '' && form.modelKind !== 's2s' && (
        <StandIns
          models={fitting}
          chosen={form.model}
          fallbacks={form.fallbacks}
          change={(fallbacks) => edit({ fallbacks })}
        />
      )}
    </div>
  );
}

const ready = (items: Model[]) => items.some((m) => m.available);

interface FamilyProps {
  family?: ModelFamily;
  items: Model[];
  chosen: string;
  /** Whether there is a model at all that can be had. */
  any: boolean;
  choose(model: Model): void;
}

function Family({ family, items, chosen, any, choose }: FamilyProps) {
  const { t } = useTranslation('agents');
  const here = items.filter((m) => m.available || m.id === chosen);
  const others = items.filter((m) => !here.includes(m));
  const card = (m: Model) => <ModelCard key={m.id} model={m} chosen={m.id === chosen} choose={() => choose(m)} />;
  return (
    <fieldset className={classes.family}>
      <legend>
        {family ? t('wizard.model.family', { id: family.id, name: family.name }) : t('wizard.model.flows')}
        {family && <Chip small>{t('wizard.model.ready', { ready: here.length, count: items.length })}</Chip>}
      </legend>
      <p className={classes.familyText}>{family ? family.summary : t('wizard.model.flowsText')}</p>
      {here.length > 0 && <div className={classes.cards}>{here.map(card)}</div>}
      {others.length > 0 && (
        <details className={classes.others} open={here.length === 0 && !any}>
          <summary>{t('wizard.model.others', { count: others.length })}</summary>
          <div className={classes.cards}>{others.map(card)}</div>
        </details>
      )}
    </fieldset>
  );
}

function ModelCard({ model, chosen, choose }: { model: Model; chosen: boolean; choose(): void }) {
  const { t } = useTranslation('agents');
  const format = useFormat();
  const providerName = useProviderName();
  return (
    <div className={classes.choice} data-chosen={chosen || undefined} data-off={!model.available || undefined}>
      <label className={classes.choiceLabel}>
        <span className={classes.choiceHead}>
          <input
            type="radio"
            name="model"
            className={classes.choiceInput}
            checked={chosen}
            disabled={!model.available && !chosen}
            onChange={choose}
          />
          <span className={classes.choiceNames}>
            <b>{model.name}</b>
            <span>{providerName(model.provider, model.provider_name)}</span>
          </span>
          {chosen && (
            <span className={classes.tick}>
              <IconCheck size={13} stroke={3} aria-hidden />
            </span>
          )}
        </span>
        <span className={classes.choiceText}>{model.summary}</span>
        {!model.available && <Why model={model} />}
        <span className={classes.chips}>
          {model.tier && <Chip small>{t(`wizard.model.tier.${model.tier}`)}</Chip>}
          {model.tools && <Chip small>{t('tools')}</Chip>}
          {model.languages.length > 0 && <Chip small>{model.languages.map((l) => l.toUpperCase()).join(' · ')}</Chip>}
          {model.latency_ms !== null && <span className={classes.place}>{format.ms(model.latency_ms)}</span>}
        </span>
      </label>
    </div>
  );
}

/** Why it cannot be chosen, and what would help. */
export function Why({ model }: { model: Pick<Model, 'why' | 'message' | 'provider' | 'provider_name'> }) {
  const { t } = useTranslation('agents');
  const providerName = useProviderName();
  const { why, message } = model;
  return (
    <span className={classes.why} title={message}>
      {why ? t(`wizard.why.${why}`, { provider: providerName(model.provider, model.provider_name) }) : message}
    </span>
  );
}
