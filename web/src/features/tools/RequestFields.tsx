import { NativeSelect, Textarea, TextInput } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import page from '~/components/Page.module.css';
import { AuthFields } from './AuthFields';
import { methods, variable } from './form';
import { Pairs } from './Pairs';
import type { PartProps } from './part';
import classes from './tools.module.css';

const blank = '{{param}}';

/** The request that a call makes. */
export function RequestFields({ form, edit, wrong }: PartProps) {
  const { t } = useTranslation('tools');
  return (
    <section className={`${page.card} ${classes.section}`}>
      <h2>{t('section.request')}</h2>
      <div className={classes.address}>
        <NativeSelect
          label={t('field.method')}
          value={form.method}
          onChange={(e) => edit({ method: e.currentTarget.value })}
          data={[...methods]}
        />
        <TextInput
          data-field="endpoint"
          required
          type="text"
          inputMode="url"
          label={t('field.endpoint')}
          description={t('field.endpointHelp', { blank: '{id}', variable: variable('NAME') })}
          placeholder="https://api.example.com/orders/{id}"
          error={wrong('endpoint')}
          classNames={{ input: classes.mono }}
          spellCheck={false}
          value={form.endpoint}
          onChange={(e) => edit({ endpoint: e.currentTarget.value })}
        />
      </div>
      <AuthFields form={form} edit={edit} />
      <Pairs
        title={t('field.headers')}
        add={t('field.addHeader')}
        pairs={form.headers}
        change={(headers) => edit({ headers })}
      />
      {form.method !== 'GET' && form.method !== 'DELETE' && (
        <Textarea
          label={t('field.body')}
          description={t('field.bodyHelp', { blank })}
          autosize
          minRows={3}
          maxRows={16}
          spellCheck={false}
          classNames={{ input: classes.mono }}
          value={form.body}
          onChange={(e) => edit({ body: e.currentTarget.value })}
        />
      )}
    </section>
  );
}
