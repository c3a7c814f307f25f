import { NativeSelect, TextInput } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { type ToolForm, variable } from './form';
import type { PartProps } from './part';
import classes from './tools.module.css';

const ways = ['none', 'bearer', 'api_key', 'basic'] as const;

/** What a request shows to be let in. A secret that is kept reads as dots; sent back so, it stays. */
export function AuthFields({ form, edit }: Omit<PartProps, 'wrong'>) {
  const { t } = useTranslation('tools');
  const value = (key: 'authValue' | 'password' | 'username' | 'authHeader', label: string, secret = false) => (
    <TextInput
      label={label}
      description={secret ? t('field.secretHelp', { form: variable('NAME') }) : undefined}
      autoComplete="off"
      spellCheck={false}
      classNames={{ input: classes.mono }}
      value={form[key]}
      onFocus={(e) => secret && e.currentTarget.value.includes('•') && e.currentTarget.select()}
      onChange={(e) => edit({ [key]: e.currentTarget.value })}
    />
  );
  return (
    <div className={classes.pair}>
      <NativeSelect
        label={t('field.auth')}
        value={form.auth}
        onChange={(e) => edit({ auth: e.currentTarget.value as ToolForm['auth'] })}
        data={ways.map((way) => ({ value: way, label: t(`auth.${way}`) }))}
      />
      {form.auth === 'bearer' && value('authValue', t('field.token'), true)}
      {form.auth === 'api_key' && (
        <>
          {value('authValue', t('field.key'), true)}
          {value('authHeader', t('field.keyName'))}
          <NativeSelect
            label={t('field.keyIn')}
            value={form.authIn}
            onChange={(e) => edit({ authIn: e.currentTarget.value as ToolForm['authIn'] })}
            data={[
              { value: 'header', label: t('place.header') },
              { value: 'query', label: t('place.query') },
            ]}
          />
        </>
      )}
      {form.auth === 'basic' && (
        <>
          {value('username', t('field.username'))}
          {form.username || !form.authValue
            ? value('password', t('field.password'), true)
            : value('authValue', t('field.both'), true)}
        </>
      )}
    </div>
  );
}
