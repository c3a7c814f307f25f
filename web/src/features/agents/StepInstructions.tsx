import { Button, NativeSelect, Textarea } from '@mantine/core';
import {
  IconArrowBackUp,
  IconFileImport,
  IconListNumbers,
  type IconPencil,
  IconSparkles,
  IconTemplate,
} from '@tabler/icons-react';
import { type ComponentType, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Finding } from '~/api/agents';
import { useFormat } from '~/components/useFormat';
import { Blanks } from './Blanks';
import { blanksOf } from './blanks';
import { ChatSettings } from './ChatSettings';
import { FromFile } from './FromFile';
import { FromPhases } from './FromPhases';
import { FromTemplate } from './FromTemplate';
import { characters, type Form, mostInstructions, withLanguage } from './form';
import { Generated } from './Generated';
import own from './Instructions.module.css';
import { writtenLanguage } from './promptApi';
import { fieldId, type StepProps, type WayProps } from './step';
import classes from './Wizard.module.css';

/** A way to come by instructions: it shows a text, and gives it over when the person takes it. */
const ways = {
  template: [IconTemplate, FromTemplate],
  phases: [IconListNumbers, FromPhases],
  file: [IconFileImport, FromFile],
  generate: [IconSparkles, Generated],
} satisfies Record<string, [typeof IconPencil, ComponentType<WayProps>]>;
const wayNames = Object.keys(ways) as Way[];
type Way = keyof typeof ways;

interface Props extends StepProps {
  /** Values for the blanks that are not in the text yet. */
  values: Record<string, string>;
  setValues(values: Record<string, string>): void;
  fill(): void;
  findings: Finding[];
}

/** What the agent is told, and how it opens the conversation. */
export function StepInstructions({ form, edit, lacks, values, setValues, fill, findings }: Props) {
  const { t, i18n } = useTranslation(['instructions', 'agents']);
  const format = useFormat();
  const [way, setWay] = useState<Way>();
  const [before, setBefore] = useState<Pick<Form, 'instructions' | 'greeting'>>();
  const most = mostInstructions(form.kind);
  const count = characters(form.instructions);
  const lang = writtenLanguage(form.language, i18n.language);
  const blanks = blanksOf(`${form.greeting}\n${form.instructions}`);
  const take: StepProps['edit'] = (change) => {
    setBefore(form.instructions.trim() === '' ? undefined : form);
    edit(change);
    setWay(undefined);
    requestAnimationFrame(() => document.getElementById(fieldId('instructions'))?.focus({ preventScroll: true }));
  };
  const add = (text: string) => take((f) => ({ ...f, instructions: `${f.instructions.trimEnd()}\n\n${text}` }));
  const Shown = way && ways[way][1];
  return (
    <div className={classes.fields}>
      {form.kind === 'text' && (
        <NativeSelect
          id={fieldId('language')}
          label={t('agents:language')}
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
      <fieldset className={own.ways} aria-label={t('ways')}>
        {wayNames.map((name) => {
          const Icon = ways[name][0];
          return (
            <button
              key={name}
              type="button"
              className={own.way}
              aria-expanded={way === name}
              onClick={() => setWay(way === name ? undefined : name)}
            >
              <Icon size={18} stroke={1.7} aria-hidden />
              <span>
                <b>{t(`way.${name}`)}</b>
                <small>{t(`wayText.${name}`)}</small>
              </span>
            </button>
          );
        })}
      </fieldset>
      {Shown && way && (
        <section className={own.panel} aria-label={t(`way.${way}`)}>
          <Shown form={form} lang={lang} most={most} take={take} add={add} />
        </section>
      )}
      {blanks.length > 0 && <Blanks names={blanks} lang={lang} values={values} change={setValues} fill={fill} />}
      <div className={classes.editor}>
        <Textarea
          id={fieldId('instructions')}
          label={t('agents:wizard.instructions.label')}
          description={t(
            form.modelKind === 'flow' ? 'agents:wizard.instructions.flow' : 'agents:wizard.instructions.help',
          )}
          required={form.modelKind !== 'flow'}
          error={lacks('instructions')}
          autosize
          minRows={10}
          maxRows={22}
          spellCheck
          lang={form.language}
          value={form.instructions}
          onChange={(e) => edit({ instructions: e.currentTarget.value })}
        />
        <p className={classes.over} data-over={count > most || undefined}>
          <span>{t('agents:wizard.instructions.markdown')}</span>
          <b>{t('counter', { count: format.number(count), most: format.number(most) })}</b>
        </p>
        {before && (
          <Button
            size="compact-sm"
            variant="subtle"
            leftSection={<IconArrowBackUp size={15} stroke={1.8} aria-hidden />}
            onClick={() => {
              edit({ instructions: before.instructions, greeting: before.greeting });
              setBefore(undefined);
            }}
          >
            {t('takeBack')}
          </Button>
        )}
      </div>
      <Textarea
        label={t('agents:wizard.instructions.greeting')}
        description={t('agents:wizard.instructions.greetingHelp')}
        autosize
        minRows={2}
        lang={form.language}
        value={form.greeting}
        onChange={(e) => edit({ greeting: e.currentTarget.value })}
      />
      {form.kind === 'text' && <ChatSettings form={form} edit={edit} findings={findings} />}
    </div>
  );
}
