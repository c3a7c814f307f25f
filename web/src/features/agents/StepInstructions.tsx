import { NativeSelect, Textarea } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { useFormat } from '~/components/useFormat';
import { characters, mostInstructions, withLanguage } from './form';
import { fieldId, type StepProps } from './Wizard';
import classes from './Wizard.module.css';

/** What the agent is told, and how it opens the conversation. */
export function StepInstructions({ form, edit, lacks }: StepProps & { template?: string }) {
  const { t } = useTranslation('agents');
  const format = useFormat();
  const most = mostInstructions(form.kind);
  const count = characters(form.instructions);
  return (
    <div className={classes.fields}>
      {form.kind === 'text' && (
        <NativeSelect
          id={fieldId('language')}
          label={t('language')}
          required
          error={lacks('language')}
          value={form.language}
          onChange={(e) => {
            const chosen = e.currentTarget.value;
            edit((f) => withLanguage(f, chosen));
          }}
          data={[...new Set(['fr', 'en', 'es', form.language])]
            .filter((l) => l !== '')
            .map((value) => ({ value, label: format.language(value) }))}
        />
      )}
      <div className={classes.editor}>
        <Textarea
          id={fieldId('instructions')}
          label={t('wizard.instructions.label')}
          description={t(form.modelKind === 'flow' ? 'wizard.instructions.flow' : 'wizard.instructions.help')}
          required={form.modelKind !== 'flow'}
          error={lacks('instructions')}
          autosize
          minRows={12}
          maxRows={24}
          spellCheck
          lang={form.language}
          value={form.instructions}
          onChange={(e) => edit({ instructions: e.currentTarget.value })}
        />
        <p className={classes.over} data-over={count > most || undefined}>
          <span>{t('wizard.instructions.markdown')}</span>
          <b>{t('wizard.instructions.counter', { count: format.number(count), most: format.number(most) })}</b>
        </p>
      </div>
      <Textarea
        label={t('wizard.instructions.greeting')}
        description={t('wizard.instructions.greetingHelp')}
        autosize
        minRows={2}
        lang={form.language}
        value={form.greeting}
        onChange={(e) => edit({ greeting: e.currentTarget.value })}
      />
    </div>
  );
}
