import { useTranslation } from 'react-i18next';
import type { Model } from '~/api/agents';
import page from '~/components/Page.module.css';
import { useFormat } from '~/components/useFormat';
import { Orb } from '~/ui/Orb';
import { automatic, characters, type Form, mostInstructions, split } from './form';
import classes from './Wizard.module.css';

/** What has been chosen so far, beside every step. */
export function WizardSummary({ form, models }: { form: Form; models?: Model[] }) {
  const { t } = useTranslation('agents');
  const format = useFormat();
  const model = models?.find((m) => m.id === form.model);
  const name = form.name || t('nameless');
  const rows: [string, string][] = [
    [
      t('model'),
      form.model === ''
        ? t('wizard.notYet')
        : (model?.name ?? (form.model === automatic ? t('automatic') : form.model)),
    ],
  ];
  if (form.kind !== 'text') {
    const voice =
      form.voice === '' ? t('wizard.notYet') : form.voice === automatic ? t('automatic') : split(form.voice)[1];
    rows.push([t('voice'), voice]);
  }
  if (model?.latency_ms != null) rows.push([t('wizard.latency'), format.ms(model.latency_ms)]);
  rows.push([
    t('wizard.instructions.label'),
    t('wizard.instructions.counter', {
      count: format.number(characters(form.instructions)),
      most: format.number(mostInstructions(form.kind)),
    }),
  ]);
  rows.push([t('wizard.instructions.greeting'), form.greeting ? t('wizard.present') : t('none')]);
  return (
    <aside className={`${page.card} ${classes.sideCard}`} aria-labelledby="wizard-summary">
      <h2 id="wizard-summary">{t('wizard.summary')}</h2>
      <div className={classes.who}>
        <Orb name={name} size={40} />
        <div>
          <b>{name}</b>
          <span>{form.language === '' ? t('wizard.notYet') : format.language(form.language)}</span>
        </div>
      </div>
      <dl className={classes.facts}>
        {rows.map(([label, value]) => (
          <RecapRow key={label} label={label} value={value} />
        ))}
      </dl>
    </aside>
  );
}

function RecapRow({ label, value }: { label: string; value: string }) {
  return (
    <>
      <dt>{label}</dt>
      <dd>{value}</dd>
    </>
  );
}
