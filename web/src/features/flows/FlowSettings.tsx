import { Checkbox, NativeSelect, TextInput } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import page from '~/components/Page.module.css';
import classes from './flows.module.css';
import { anywhere, lead, targetOf } from './model';
import type { PartProps } from './part';
import { useCondition } from './useCondition';

const languages = ['fr', 'en', 'es'];

/** What belongs to the flow as a whole: shown as long as no step is chosen. */
export function FlowSettings({ d, lang, fixed, edit }: PartProps) {
  const { t } = useTranslation('flows');
  const condition = useCondition(lang);
  const steps = d.nodes.map((n) => ({ value: n.id, label: n.id }));
  return (
    <section className={`${page.card} ${classes.panel}`} aria-label={t('settings.title')}>
      <h2>{t('settings.title')}</h2>
      <p className={classes.help}>{t('settings.help')}</p>
      <fieldset disabled={fixed} className={classes.fields}>
        <TextInput
          label={t('settings.name')}
          value={d.name}
          maxLength={100}
          onChange={(e) => {
            const name = e.currentTarget.value;
            edit((now) => ({ ...now, name }), 'name');
          }}
        />
        <Checkbox.Group
          label={t('settings.languages')}
          value={d.languages}
          onChange={(list) => edit((now) => ({ ...now, languages: languages.filter((l) => list.includes(l)) }))}
        >
          <div className={classes.row}>
            {languages.map((l) => (
              <Checkbox key={l} value={l} label={t(`lang.${l as 'fr'}`)} />
            ))}
          </div>
        </Checkbox.Group>
        <NativeSelect
          label={t('settings.start')}
          value={d.start}
          onChange={(e) => {
            const start = e.currentTarget.value;
            edit((now) => ({ ...now, start }));
          }}
          data={steps}
        />
        <TextInput
          label={t('settings.zone')}
          description={t('settings.zoneHelp')}
          placeholder="Europe/Paris"
          spellCheck={false}
          value={d.zone ?? ''}
          onChange={(e) => {
            const zone = e.currentTarget.value;
            edit((now) => ({ ...now, zone: zone || undefined }), 'zone');
          }}
        />
        {(['human', 'cancel'] as const).map((on) => (
          <NativeSelect
            key={on}
            label={condition(undefined, on)}
            description={t('settings.anywhere')}
            value={targetOf(d, anywhere, on)}
            onChange={(e) => {
              const to = e.currentTarget.value;
              edit((now) => lead(now, anywhere, on, to));
            }}
            data={[{ value: '', label: t('nowhere') }, ...steps]}
          />
        ))}
        <Checkbox
          label={t('settings.company')}
          checked={d.company ?? false}
          onChange={(e) => {
            const company = e.currentTarget.checked || undefined;
            edit((now) => ({ ...now, company }));
          }}
        />
      </fieldset>
    </section>
  );
}
