import { ActionIcon, Button, TextInput } from '@mantine/core';
import { IconPlus, IconTrash } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import type { Pair } from './form';
import classes from './tools.module.css';

interface Props {
  title: string;
  add: string;
  pairs: Pair[];
  change(pairs: Pair[]): void;
}

/** Names with their values: headers, an environment. */
export function Pairs({ title, add, pairs, change }: Props) {
  const { t } = useTranslation('tools');
  const set = (at: number, part: Partial<Pair>) => change(pairs.map((p, i) => (i === at ? { ...p, ...part } : p)));
  return (
    <fieldset className={classes.group}>
      <legend>{title}</legend>
      {pairs.map((pair, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a row has nothing but its place
        <div key={i} className={classes.row}>
          <TextInput
            aria-label={t('pair.name', { title, number: i + 1 })}
            placeholder={t('pair.nameHint')}
            classNames={{ input: classes.mono }}
            value={pair.name}
            onChange={(e) => set(i, { name: e.currentTarget.value })}
          />
          <TextInput
            aria-label={t('pair.value', { title, number: i + 1 })}
            placeholder={t('pair.valueHint')}
            classNames={{ input: classes.mono }}
            value={pair.value}
            onChange={(e) => set(i, { value: e.currentTarget.value })}
          />
          <ActionIcon
            variant="subtle"
            color="gray"
            size="lg"
            aria-label={t('pair.remove', { title, number: i + 1 })}
            onClick={() => change(pairs.filter((_, at) => at !== i))}
          >
            <IconTrash size={17} stroke={1.8} aria-hidden />
          </ActionIcon>
        </div>
      ))}
      <Button
        variant="default"
        size="compact-sm"
        leftSection={<IconPlus size={15} stroke={1.9} aria-hidden />}
        onClick={() => change([...pairs, { name: '', value: '' }])}
      >
        {add}
      </Button>
    </fieldset>
  );
}
