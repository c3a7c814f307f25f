import { ActionIcon, Button, TextInput } from '@mantine/core';
import { IconPlus, IconX } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import classes from './flows.module.css';
import type { Definition, Step } from './model';

interface Props {
  step: Step;
  d: Definition;
  put(part: Partial<Step>, about: string): void;
}

/** What a tool is given. */
export function Arguments({ step, d, put }: Props) {
  const { t } = useTranslation('flows');
  const rows = Object.entries(step.arguments ?? {});
  const slots = [...new Set(d.nodes.flatMap((n) => n.slot || []))];
  const keep = (list: [string, string][], about: string) => put({ arguments: Object.fromEntries(list) }, about);
  return (
    <fieldset className={classes.group}>
      <legend>{t('field.arguments')}</legend>
      <p className={classes.help}>{t('field.argumentsHelp', { slots: slots.map((s) => `{${s}}`).join(' ') || '—' })}</p>
      {rows.map(([name, value], i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the name is what is typed
        <div key={i} className={classes.pair}>
          <TextInput
            aria-label={t('field.argumentName', { n: i + 1 })}
            spellCheck={false}
            value={name}
            onChange={(e) => {
              const next = e.currentTarget.value;
              keep(
                rows.map((r, j) => (j === i ? [next, value] : r)),
                `argument ${i}`,
              );
            }}
          />
          <TextInput
            aria-label={t('field.argumentValue', { n: i + 1 })}
            spellCheck={false}
            value={value}
            onChange={(e) => {
              const next = e.currentTarget.value;
              keep(
                rows.map((r, j) => (j === i ? [name, next] : r)),
                `value ${i}`,
              );
            }}
          />
          <ActionIcon
            variant="subtle"
            color="gray"
            size="lg"
            aria-label={t('field.argumentRemove', { n: i + 1 })}
            onClick={() =>
              keep(
                rows.filter((_, j) => j !== i),
                'arguments',
              )
            }
          >
            <IconX size={16} stroke={1.8} aria-hidden />
          </ActionIcon>
        </div>
      ))}
      <Button
        variant="subtle"
        size="compact-sm"
        leftSection={<IconPlus size={14} stroke={2} aria-hidden />}
        onClick={() =>
          keep([...rows, [rows.some(([n]) => n === 'name') ? `name_${rows.length + 1}` : 'name', '']], 'arguments')
        }
      >
        {t('field.argumentAdd')}
      </Button>
    </fieldset>
  );
}
