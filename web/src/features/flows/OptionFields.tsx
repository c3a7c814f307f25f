import { ActionIcon, Button, Checkbox, TextInput } from '@mantine/core';
import { IconPlus, IconX } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import classes from './flows.module.css';
import type { Option, Step } from './model';

interface Props {
  step: Step;
  lang: string;
  put(part: Partial<Step>, about: string): void;
}

/** What a caller can choose from. */
export function OptionFields({ step, lang, put }: Props) {
  const { t } = useTranslation('flows');
  const all = step.options ?? [];
  const set = (i: number, part: Partial<Option>, about: string) =>
    put({ options: all.map((o, j) => (j === i ? { ...o, ...part } : o)) }, `option ${i} ${about}`);
  return (
    <fieldset className={classes.group}>
      <legend>{t('field.options')}</legend>
      {all.map((o, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the value is what is typed
        <div key={i} className={classes.option}>
          <div className={classes.pair}>
            <TextInput
              label={t('field.value')}
              spellCheck={false}
              value={o.value}
              onChange={(e) => set(i, { value: e.currentTarget.value }, 'value')}
            />
            <TextInput
              label={t('field.spoken', { lang: lang.toUpperCase() })}
              value={o.label[lang] ?? ''}
              onChange={(e) => set(i, { label: { ...o.label, [lang]: e.currentTarget.value } }, `label ${lang}`)}
            />
            <ActionIcon
              variant="subtle"
              color="gray"
              size="lg"
              aria-label={t('field.optionRemove', { value: o.value })}
              onClick={() => put({ options: all.filter((_, j) => j !== i) }, 'options')}
            >
              <IconX size={16} stroke={1.8} aria-hidden />
            </ActionIcon>
          </div>
          <TextInput
            label={t('field.words', { lang: lang.toUpperCase() })}
            value={(o.words[lang] ?? []).join(', ')}
            onChange={(e) => set(i, { words: { ...o.words, [lang]: wordsOf(e.currentTarget.value) } }, `words ${lang}`)}
          />
        </div>
      ))}
      <p className={classes.help}>{t('field.wordsHelp')}</p>
      <Button
        variant="subtle"
        size="compact-sm"
        leftSection={<IconPlus size={14} stroke={2} aria-hidden />}
        onClick={() =>
          put({ options: [...all, { value: `option_${all.length + 1}`, label: {}, words: {} }] }, 'options')
        }
      >
        {t('field.optionAdd')}
      </Button>
      <Checkbox
        mt={8}
        label={t('field.free')}
        checked={step.free ?? false}
        onChange={(e) => put({ free: e.currentTarget.checked }, 'free')}
      />
    </fieldset>
  );
}

/** Splits words at commas; what is being typed keeps its space behind the last. */
const wordsOf = (text: string): string[] => (text.trim() === '' ? [] : text.split(/,\s?/));
