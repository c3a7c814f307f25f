import { ActionIcon, NativeSelect, Textarea, TextInput } from '@mantine/core';
import { IconTrash } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import type { Complaint } from '~/api/tools';
import { Counter, Findings } from './Findings';
import { complaintsOf, mostParameter, type Param, parameterPath, paramTypes, places } from './form';
import classes from './tools.module.css';

interface Props {
  param: Param;
  number: number;
  /** Whether it goes somewhere in a request. */
  placed: boolean;
  complaints: Complaint[];
  change(part: Partial<Param>): void;
  remove(): void;
}

export function ParamRow({ param, number, placed, complaints, change, remove }: Props) {
  const { t } = useTranslation('tools');
  const name = param.name || t('schema.numbered', { number });
  const more = Object.keys(param.rest);
  return (
    <fieldset className={classes.param}>
      <legend>{name}</legend>
      <div className={classes.paramHead}>
        <TextInput
          label={t('schema.name')}
          classNames={{ input: classes.mono }}
          maxLength={64}
          spellCheck={false}
          value={param.name}
          onChange={(e) => change({ name: e.currentTarget.value })}
        />
        <NativeSelect
          label={t('schema.type')}
          value={param.type}
          onChange={(e) => change({ type: e.currentTarget.value as Param['type'] })}
          data={paramTypes.map((value) => ({ value, label: t(`paramType.${value}`) }))}
        />
        {placed && (
          <>
            <NativeSelect
              label={t('schema.place')}
              value={param.place}
              onChange={(e) => change({ place: e.currentTarget.value as Param['place'] })}
              data={[
                { value: '', label: t('place.auto') },
                ...places.map((value) => ({ value, label: t(`place.${value}`) })),
              ]}
            />
            {param.place !== '' && (
              <TextInput
                label={t('schema.as')}
                placeholder={param.name}
                classNames={{ input: classes.mono }}
                spellCheck={false}
                value={param.as}
                onChange={(e) => change({ as: e.currentTarget.value })}
              />
            )}
          </>
        )}
        <label className={classes.check}>
          <input
            type="checkbox"
            checked={param.required}
            onChange={(e) => change({ required: e.currentTarget.checked })}
          />
          <span>{t('schema.required')}</span>
        </label>
        <ActionIcon variant="subtle" color="gray" size="lg" aria-label={t('schema.remove', { name })} onClick={remove}>
          <IconTrash size={17} stroke={1.8} aria-hidden />
        </ActionIcon>
      </div>
      <div>
        <Textarea
          label={t('field.description')}
          autosize
          minRows={1}
          value={param.description}
          onChange={(e) => change({ description: e.currentTarget.value })}
        />
        <Counter text={param.description} most={mostParameter} />
        <Findings list={complaintsOf(complaints, parameterPath(param.name))} />
        {more.length > 0 && <p className={classes.weak}>{t('schema.also', { keys: more.join(', ') })}</p>}
      </div>
    </fieldset>
  );
}
