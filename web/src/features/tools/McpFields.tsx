import { NativeSelect, Textarea, TextInput } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import page from '~/components/Page.module.css';
import { AuthFields } from './AuthFields';
import type { ToolForm } from './form';
import { Pairs } from './Pairs';
import type { PartProps } from './part';
import classes from './tools.module.css';

const transports = ['http', 'sse', 'stdio'] as const;

/** The tool server, and which of its tools agents may use. */
export function McpFields({ form, edit, wrong }: PartProps) {
  const { t } = useTranslation('tools');
  return (
    <section className={`${page.card} ${classes.section}`}>
      <h2>{t('section.server')}</h2>
      <div className={classes.pair}>
        <NativeSelect
          label={t('field.transport')}
          value={form.transport}
          onChange={(e) => edit({ transport: e.currentTarget.value as ToolForm['transport'] })}
          data={transports.map((value) => ({ value, label: t(`transport.${value}`) }))}
        />
        <TextInput
          label={t('field.label')}
          value={form.label}
          maxLength={200}
          onChange={(e) => edit({ label: e.currentTarget.value })}
        />
      </div>
      {form.transport === 'stdio' ? (
        <>
          <TextInput
            data-field="command"
            required
            label={t('field.command')}
            description={t('field.commandHelp')}
            placeholder="npx"
            error={wrong('command')}
            classNames={{ input: classes.mono }}
            value={form.command}
            onChange={(e) => edit({ command: e.currentTarget.value })}
          />
          <Textarea
            label={t('field.args')}
            description={t('field.perLine')}
            autosize
            minRows={2}
            spellCheck={false}
            classNames={{ input: classes.mono }}
            value={form.args}
            onChange={(e) => edit({ args: e.currentTarget.value })}
          />
          <Pairs title={t('field.env')} add={t('field.addVariable')} pairs={form.env} change={(env) => edit({ env })} />
        </>
      ) : (
        <>
          <TextInput
            data-field="url"
            required
            inputMode="url"
            label={t('field.url')}
            placeholder="https://tools.example.com/mcp"
            error={wrong('url')}
            classNames={{ input: classes.mono }}
            spellCheck={false}
            value={form.url}
            onChange={(e) => edit({ url: e.currentTarget.value })}
          />
          <AuthFields form={form} edit={edit} />
          <Pairs
            title={t('field.headers')}
            add={t('field.addHeader')}
            pairs={form.headers}
            change={(headers) => edit({ headers })}
          />
        </>
      )}
      <Textarea
        label={t('field.allowed')}
        description={t('field.allowedHelp')}
        autosize
        minRows={2}
        spellCheck={false}
        classNames={{ input: classes.mono }}
        value={form.allowed}
        onChange={(e) => edit({ allowed: e.currentTarget.value })}
      />
    </section>
  );
}
