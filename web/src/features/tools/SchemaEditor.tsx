import { Button, Textarea } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import type { Complaint } from '~/api/tools';
import page from '~/components/Page.module.css';
import { emptyParam, type Param, parsed, rowsOf, schemaOf } from './form';
import { ParamRow } from './ParamRow';
import type { PartProps } from './part';
import classes from './tools.module.css';

/** What the tool takes: row by row, or as a JSON schema. What rows cannot show is kept. */
export function SchemaEditor({ form, edit, wrong, complaints }: PartProps & { complaints: Complaint[] }) {
  const { t } = useTranslation('tools');
  const asText = form.schema !== undefined;
  const fromText = asText ? rowsOf(parsed(form.schema ?? '')) : undefined;
  const rowsPossible = !asText || (parsed(form.schema ?? '') !== undefined && fromText !== undefined);
  const set = (at: number, part: Partial<Param>) =>
    edit({ params: form.params.map((p, i) => (i === at ? { ...p, ...part } : p)) });
  const toggle = () => {
    if (!asText) return edit({ schema: JSON.stringify(schemaOf(form.params, form.schemaRest), null, 2) });
    if (!fromText) return;
    // Where a parameter goes is not in the schema: rows that are still there keep it.
    const was = new Map(form.params.map((p) => [p.name, p]));
    const params = fromText.params.map((p) => ({
      ...p,
      place: was.get(p.name)?.place ?? '',
      as: was.get(p.name)?.as ?? '',
    }));
    edit({ schema: undefined, params, schemaRest: fromText.rest });
  };
  return (
    <section className={`${page.card} ${classes.section}`}>
      <header className={classes.sectionHead}>
        <h2>{t('field.params')}</h2>
        <Button variant="subtle" size="compact-sm" disabled={!rowsPossible} onClick={toggle}>
          {t(asText ? 'schema.rows' : 'schema.text')}
        </Button>
      </header>
      {asText ? (
        <Textarea
          data-field="schema"
          aria-label={t('schema.label')}
          description={rowsPossible ? undefined : t('schema.onlyText')}
          error={wrong('schema')}
          autosize
          minRows={8}
          maxRows={28}
          spellCheck={false}
          classNames={{ input: classes.mono }}
          value={form.schema}
          onChange={(e) => edit({ schema: e.currentTarget.value })}
        />
      ) : (
        <>
          {form.params.length === 0 && <p className={classes.weak}>{t('schema.none')}</p>}
          {form.params.map((param, i) => (
            <ParamRow
              // biome-ignore lint/suspicious/noArrayIndexKey: a row has nothing but its place
              key={i}
              param={param}
              number={i + 1}
              placed={form.kind === 'api'}
              complaints={complaints}
              change={(part) => set(i, part)}
              remove={() => edit({ params: form.params.filter((_, at) => at !== i) })}
            />
          ))}
          {wrong('params') && <p className={classes.lacks}>{wrong('params')}</p>}
          <div>
            <Button
              variant="default"
              size="compact-sm"
              data-field="params"
              leftSection={<IconPlus size={15} stroke={1.9} aria-hidden />}
              onClick={() => edit({ params: [...form.params, emptyParam()] })}
            >
              {t('schema.add')}
            </Button>
          </div>
        </>
      )}
    </section>
  );
}
