import { Checkbox, NativeSelect, Textarea, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { activeToolsQuery } from '~/api/tools';
import { useAccess } from '~/components/access';
import { Arguments } from './Arguments';
import { change, type Step, slotTypes } from './model';
import { OptionFields } from './OptionFields';
import type { PartProps } from './part';

interface Props extends PartProps {
  step: Step;
}

/** What a step of its kind has. */
export function StepFields(props: Props) {
  const { step, d, lang, edit } = props;
  const { t } = useTranslation('flows');
  const put = (part: Partial<Step>, about: string) => edit((now) => change(now, step.id, part), `${step.id} ${about}`);
  const [first = '', ...rest] = step.say?.[lang] ?? [];
  const say = (list: string[]) => {
    const kept = list.filter((x, i) => i === 0 || x !== '');
    const all = { ...step.say, [lang]: kept };
    if (kept.length === 0 || (kept.length === 1 && kept[0] === '')) delete all[lang];
    put({ say: all }, `say ${lang}`);
  };
  const asks = step.kind === 'ask' || step.kind === 'choose';
  const spoken = `${lang.toUpperCase()}`;
  return (
    <>
      {step.kind !== 'model' && (
        <Textarea
          label={t('field.say', { lang: spoken })}
          description={asks || step.kind === 'confirm' ? t('field.sayHelp') : undefined}
          lang={lang}
          autosize
          minRows={2}
          value={first}
          onChange={(e) => say([e.currentTarget.value, ...rest])}
        />
      )}
      {asks && (
        <Textarea
          label={t('field.again', { lang: spoken })}
          description={t('field.againHelp')}
          lang={lang}
          autosize
          minRows={1}
          value={rest.join('\n')}
          onChange={(e) => say([first, ...e.currentTarget.value.split('\n')])}
        />
      )}
      {asks && (
        <TextInput
          label={t('field.slot')}
          description={t('field.slotHelp')}
          spellCheck={false}
          value={step.slot ?? ''}
          onChange={(e) => put({ slot: e.currentTarget.value }, 'slot')}
        />
      )}
      {step.kind === 'ask' && (
        <NativeSelect
          label={t('field.type')}
          value={step.type ?? 'text'}
          onChange={(e) => put({ type: e.currentTarget.value as Step['type'] }, 'type')}
          data={slotTypes.map((type) => ({ value: type, label: t(`type.${type}`) }))}
        />
      )}
      {step.kind === 'ask' && (step.type === 'date' || step.type === 'time') && (
        <Checkbox
          label={t('field.open')}
          checked={step.open ?? false}
          onChange={(e) => put({ open: e.currentTarget.checked }, 'open')}
        />
      )}
      {asks && (
        <TextInput
          label={t('field.label', { lang: spoken })}
          description={t('field.labelHelp')}
          value={step.label?.[lang] ?? ''}
          onChange={(e) => put({ label: { ...step.label, [lang]: e.currentTarget.value } }, `label ${lang}`)}
        />
      )}
      {step.kind === 'choose' && <OptionFields {...props} put={put} />}
      {step.kind === 'call' && <ToolField step={step} put={put} />}
      {step.kind === 'call' && <Arguments step={step} d={d} put={put} />}
      {step.kind === 'model' && (
        <Textarea
          label={t('field.instructions')}
          description={t('field.instructionsHelp')}
          autosize
          minRows={3}
          value={step.instructions ?? ''}
          onChange={(e) => put({ instructions: e.currentTarget.value }, 'instructions')}
        />
      )}
      {step.kind === 'human' && (
        <TextInput
          label={t('field.number')}
          description={t('field.numberHelp')}
          type="tel"
          value={step.number ?? ''}
          onChange={(e) => put({ number: e.currentTarget.value }, 'number')}
        />
      )}
    </>
  );
}

interface ToolProps {
  step: Step;
  put(part: Partial<Step>, about: string): void;
}

function ToolField({ step, put }: ToolProps) {
  const { t } = useTranslation('flows');
  const { allowed } = useAccess('tools:read');
  const tools = useQuery({ ...activeToolsQuery(), enabled: allowed }).data?.items ?? [];
  const names = tools.filter((x) => x.type !== 'mcp_server').map((x) => x.name);
  const all = !step.tool || names.includes(step.tool) ? names : [step.tool, ...names];
  return (
    <NativeSelect
      label={t('field.tool')}
      description={t('field.toolHelp')}
      value={step.tool ?? ''}
      onChange={(e) => put({ tool: e.currentTarget.value }, 'tool')}
      data={[{ value: '', label: t('choose') }, ...all.map((name) => ({ value: name, label: name }))]}
    />
  );
}
