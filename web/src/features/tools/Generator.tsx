import { Textarea } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconSparkles } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { GuardedButton } from '~/components/Guarded';
import page from '~/components/Page.module.css';
import { Problem } from '~/components/Problem';
import { generateCode, generateTool } from './api';
import { rowsOf, type ToolForm } from './form';
import type { PartProps } from './part';
import classes from './tools.module.css';

/** Has a language model write a first version: of a request its words, parameters and body; of code all of it. */
export function Generator({ form, edit }: Omit<PartProps, 'wrong'>) {
  const { t, i18n } = useTranslation('tools');
  const [purpose, setPurpose] = useState('');
  const [opened, { toggle }] = useDisclosure(false);
  const [by, setBy] = useState<string>();
  const write = useMutation({
    mutationFn: async (): Promise<[Partial<ToolForm>, string]> => {
      const wish = { purpose: purpose.trim(), language: i18n.language, ...(form.name ? { name: form.name } : {}) };
      if (form.kind === 'code') {
        const d = await generateCode(wish);
        const params = d.inputs.map(({ name, type = 'string', required = false, description = '', ...rest }) => ({
          name,
          type,
          required,
          description,
          place: '' as const,
          as: '',
          rest: rest.default === undefined ? {} : { default: rest.default },
        }));
        const { code, description, outputs } = d;
        return [{ code, description, outputs: outputs.join(', '), params, schema: undefined }, d.model];
      }
      const d = await generateTool(wish);
      const rows = rowsOf(d.parameters);
      const change: Partial<ToolForm> = { description: d.description };
      if (!form.name) change.name = d.name;
      if (rows) Object.assign(change, { params: rows.params, schemaRest: rows.rest, schema: undefined });
      else change.schema = JSON.stringify(d.parameters, null, 2);
      if (d.body_template) change.body = JSON.stringify(d.body_template, null, 2);
      return [change, d.model];
    },
    onSuccess: ([change, model]) => {
      edit(change);
      setBy(model);
    },
  });
  if (form.kind === 'mcp_server') return null; // its server says what its tools are
  return (
    <section className={`${page.card} ${classes.section}`}>
      <header className={classes.sectionHead}>
        <h2>{t('generate.title')}</h2>
        <GuardedButton
          needs="tools:write"
          variant="subtle"
          size="compact-sm"
          aria-expanded={opened}
          leftSection={<IconSparkles size={15} stroke={1.9} aria-hidden />}
          onClick={toggle}
        >
          {t(opened ? 'generate.close' : 'generate.open')}
        </GuardedButton>
      </header>
      {opened && (
        <>
          <Textarea
            label={t('generate.purpose')}
            description={t('generate.help')}
            placeholder={t('generate.hint')}
            autosize
            minRows={2}
            maxLength={4000}
            value={purpose}
            onChange={(e) => setPurpose(e.currentTarget.value)}
          />
          <Problem error={write.error} />
          <div>
            <GuardedButton
              needs="tools:write"
              loading={write.isPending}
              disabled={purpose.trim().length < 3}
              onClick={() => write.mutate()}
            >
              {t('generate.go')}
            </GuardedButton>
          </div>
          {by && (
            <p className={classes.weak} role="status">
              {t('generate.done', { model: by })}
            </p>
          )}
        </>
      )}
    </section>
  );
}
