import { Button, NativeSelect, PasswordInput, Switch, Textarea, TextInput } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import classes from './providers.module.css';
import { type Field, masked } from './schema';

/** What a field is for stands under it, so that fields side by side are in line. */
const order: ('label' | 'input' | 'description' | 'error')[] = ['label', 'input', 'description', 'error'];

interface Props {
  provider: string;
  field: Field;
  value: string;
  change(value: string): void;
  error?: string;
  /** May look and not touch. */
  readOnly: boolean;
}

/** One setting, as its type wants to be entered. */
export function FieldControl({ provider, field, value, change, error, readOnly }: Props) {
  const { t } = useTranslation('providers');
  const { label, help } = useFieldWords(provider, field);
  const common = {
    label,
    description: help || undefined,
    error,
    disabled: readOnly,
    required: field.required,
    inputWrapperOrder: order,
  };
  switch (field.kind) {
    case 'secret':
      return <Secret {...{ value, change, common, readOnly, set: value === masked }} />;
    case 'switch':
      return (
        <Switch
          label={label}
          description={help || undefined}
          error={error}
          disabled={readOnly}
          checked={value === 'true'}
          onChange={(e) => change(e.currentTarget.checked ? 'true' : 'false')}
        />
      );
    case 'choice':
      return (
        <NativeSelect
          {...common}
          value={value}
          onChange={(e) => change(e.currentTarget.value)}
          data={[
            { value: '', label: field.fallback ? t('form.fallback', { value: field.fallback }) : t('form.unset') },
            ...field.choices.map((c) => ({ value: c, label: c })),
          ]}
        />
      );
    case 'list':
      return (
        <Textarea
          {...common}
          autosize
          minRows={2}
          maxRows={8}
          value={value}
          placeholder={field.fallback}
          onChange={(e) => change(e.currentTarget.value)}
        />
      );
    default:
      return (
        <TextInput
          {...common}
          value={value}
          placeholder={field.fallback}
          inputMode={field.kind === 'whole' ? 'numeric' : field.kind === 'number' ? 'decimal' : undefined}
          autoComplete="off"
          spellCheck={false}
          onChange={(e) => change(e.currentTarget.value)}
        />
      );
  }
}

interface SecretProps {
  value: string;
  set: boolean;
  change(value: string): void;
  common: {
    label: string;
    description?: string;
    error?: string;
    disabled: boolean;
    required: boolean;
    inputWrapperOrder: typeof order;
  };
  readOnly: boolean;
}

/** A secret goes in and never comes out: what is set can be replaced or removed. */
function Secret({ value, set, change, common, readOnly }: SecretProps) {
  const { t } = useTranslation('providers');
  if (set) {
    return (
      <div className={classes.secret}>
        <TextInput
          {...common}
          value={masked}
          readOnly
          description={common.description}
          className={classes.secretField}
        />
        {!readOnly && (
          <Button
            variant="default"
            onClick={() => change('')}
            aria-label={t('form.replaceOf', { field: common.label })}
          >
            {t('form.replace')}
          </Button>
        )}
      </div>
    );
  }
  return (
    <PasswordInput
      {...common}
      value={value}
      autoComplete="new-password"
      onChange={(e) => change(e.currentTarget.value)}
      visibilityToggleButtonProps={{ 'aria-label': t('form.show') }}
    />
  );
}

/** The field's words in the reader's language; the server's English where a provider is newer than the console. */
function useFieldWords(provider: string, field: Field) {
  const { t, i18n } = useTranslation('providers');
  const found = (key: string) => (i18n.exists(`providers:${key}`) ? t(key as 'form.show') : undefined);
  const plainName = field.name.replaceAll('_', ' ');
  return {
    label: found(`field.${field.name}`) ?? plainName.charAt(0).toLocaleUpperCase() + plainName.slice(1),
    help: found(`help.${provider}.${field.name}`) ?? field.description,
  };
}
