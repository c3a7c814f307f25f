import { Button, Textarea } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useBlocker } from '@tanstack/react-router';
import { type ReactNode, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ApiError } from '~/api/client';
import type { Complaint, ToolAnswer } from '~/api/tools';
import page from '~/components/Page.module.css';
import { Problem } from '~/components/Problem';
import { createTool, nameQuery, toolQuery, updateTool } from './api';
import { Basics } from './Basics';
import { Checker } from './Checker';
import { bodyOf, type Field, formOf, missing, type ToolForm } from './form';
import { Generator } from './Generator';
import { McpFields } from './McpFields';
import { PolicyFields } from './PolicyFields';
import type { PartProps } from './part';
import { RequestFields } from './RequestFields';
import { SchemaEditor } from './SchemaEditor';
import { TestPanel } from './TestPanel';
import classes from './tools.module.css';

interface Props {
  first: ToolForm;
  /** The tool that is changed; none: a new one. */
  tool?: ToolAnswer;
  saved(tool: ToolAnswer): void;
  /** What gets the newer version when somebody else has changed the tool. */
  reload?: ReactNode;
}

/** The form of a tool on the left, and on the right what a call of it does. */
export function ToolEditor({ first, tool, saved, reload }: Props) {
  const { t } = useTranslation('tools');
  const [form, setForm] = useState(first);
  const [tried, setTried] = useState(false);
  const [complaints, setComplaints] = useState<Complaint[]>(tool?.complaints ?? []);
  const top = useRef<HTMLFormElement>(null);
  const [name] = useDebouncedValue(form.name.trim(), 300);
  const taken = useQuery(nameQuery(name, tool?.id)).data?.exists && name === form.name.trim();
  const lacks = missing(form);
  // What the change is based on: not a newer version that was fetched meanwhile, which would overwrite it unseen.
  const [base, setBase] = useState(tool);
  /** What is kept and what is written, to know whether something would be lost. Not state: saving may leave the page before it is drawn again. */
  const kept = useRef(first);
  const written = useRef(first);
  const loses = () => JSON.stringify(written.current) !== JSON.stringify(kept.current);
  useBlocker({
    shouldBlockFn: () => loses() && !window.confirm(t('page.leaves')),
    enableBeforeUnload: loses,
  });
  const queries = useQueryClient();
  const save = useMutation({
    mutationFn: async ({ over = false }: { over?: boolean }) => {
      if (!base) return createTool(bodyOf(form));
      // Over somebody else's change: on its version, so that a third one would be noticed again.
      const on = over ? await queries.fetchQuery({ ...toolQuery(base.id), staleTime: 0 }) : base;
      return updateTool(base.id, bodyOf(form, on));
    },
    onSuccess: (next) => {
      kept.current = formOf(next); // its secrets are masked now
      written.current = kept.current;
      setBase(next);
      setForm(kept.current);
      setComplaints(next.complaints);
      setTried(false);
      saved(next);
    },
  });
  const edit = (change: Partial<ToolForm>) => {
    if (save.isSuccess) save.reset();
    written.current = { ...written.current, ...change };
    setForm(written.current);
  };
  const wrong = (field: Field) => {
    const why = tried ? lacks.find((m) => m.field === field)?.why : undefined;
    if (why) return t(`missing.${why}`);
    return field === 'name' && taken ? t('missing.taken') : undefined;
  };
  const submit = () => {
    setTried(true);
    const field = lacks[0]?.field ?? (taken ? 'name' : undefined);
    if (!field) return save.mutate({});
    top.current?.querySelector<HTMLElement>(`[data-field="${field}"]`)?.focus();
  };
  const part: PartProps = { form, edit, wrong };
  const conflict = save.error instanceof ApiError && save.error.code === 'tool_changed';
  return (
    <div className={classes.editor}>
      <form
        ref={top}
        noValidate
        onSubmit={(e) => {
          e.preventDefault();
          submit();
        }}
      >
        <Generator form={form} edit={edit} />
        <Basics {...part} complaints={complaints} fixedName={!!tool} />
        {form.kind === 'api' && <RequestFields {...part} />}
        {form.kind === 'mcp_server' && <McpFields {...part} />}
        {form.kind === 'code' && <Code {...part} />}
        {form.kind !== 'mcp_server' && <SchemaEditor {...part} complaints={complaints} />}
        {form.kind !== 'mcp_server' && <Checker form={form} edit={edit} found={setComplaints} />}
        <PolicyFields form={form} edit={edit} />
        <div className={classes.save}>
          <Problem error={save.error} />
          {conflict && (
            <div className={classes.conflict}>
              <Button variant="default" size="compact-sm" onClick={() => save.mutate({ over: true })}>
                {t('page.over')}
              </Button>
              {reload}
            </div>
          )}
          <Button type="submit" loading={save.isPending}>
            {t(tool ? 'save' : 'create')}
          </Button>
          <span role="status" className={classes.saved}>
            {save.isSuccess && t('saved')}
          </span>
          {tried && lacks.length > 0 && (
            <p className={classes.lacks} role="alert">
              {t(`missing.${lacks[0]?.why ?? 'name'}`)}
            </p>
          )}
        </div>
      </form>
      <TestPanel form={form} tool={tool} />
    </div>
  );
}

function Code({ form, edit, wrong }: PartProps) {
  const { t } = useTranslation('tools');
  return (
    <section className={`${page.card} ${classes.section}`}>
      <h2>{t('section.code')}</h2>
      <Textarea
        data-field="code"
        classNames={{ input: classes.mono }}
        label={t('field.code')}
        description={t('field.codeHelp')}
        error={wrong('code')}
        autosize
        minRows={8}
        maxRows={28}
        spellCheck={false}
        value={form.code}
        onChange={(e) => edit({ code: e.currentTarget.value })}
      />
      <Outputs form={form} edit={edit} />
    </section>
  );
}

function Outputs({ form, edit }: Omit<PartProps, 'wrong'>) {
  const { t } = useTranslation('tools');
  return (
    <>
      <label className={classes.check}>
        <input type="checkbox" checked={form.stdlib} onChange={(e) => edit({ stdlib: e.currentTarget.checked })} />
        <span>
          {t('field.stdlib')}
          <small>{t('field.stdlibHelp')}</small>
        </span>
      </label>
      <Textarea
        label={t('field.outputs')}
        description={t('field.outputsHelp')}
        autosize
        minRows={1}
        value={form.outputs}
        onChange={(e) => edit({ outputs: e.currentTarget.value })}
      />
    </>
  );
}
