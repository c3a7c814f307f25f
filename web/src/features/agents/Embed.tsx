import { Button, Checkbox, ColorInput, Select, Switch, Textarea, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { type AgentDetail, Changed } from '~/api/agents';
import { LoadFailed } from '~/components/LoadFailed';
import page from '~/components/Page.module.css';
import agentClasses from './AgentPage.module.css';
import { changeAgent } from './api';
import classes from './Embed.module.css';
import { EmbedIdentity } from './EmbedIdentity';
import { EmbedPreview } from './EmbedPreview';
import { EmbedSnippets } from './EmbedSnippets';
import { domainsOf, type EmbedForm, embedQuery, formOf, keysOf } from './embedApi';
import { ReasonButton } from './ReasonButton';
import { useFixed } from './useFixed';
import { useProblem } from './useProblem';

/** How an agent is shown on the pages of others. */
export function Embed({ agent }: { agent: AgentDetail }) {
  const { t } = useTranslation(['embed', 'agents']);
  const { problem } = useProblem();
  const queries = useQueryClient();
  const fixed = useFixed(agent);
  const settings = useQuery(embedQuery(agent.reference));
  const [form, setForm] = useState<EmbedForm>(() => formOf(agent));
  const put = (change: Partial<EmbedForm>) => setForm((f) => ({ ...f, ...change }));
  const saved = JSON.stringify(keysOf(formOf(agent)));
  const dirty = JSON.stringify(keysOf(form)) !== saved;
  const save = useMutation({
    mutationFn: () => changeAgent(agent.reference, agent.etag, keysOf(form)),
    onSuccess: (now) => {
      queries.setQueryData(['agents', agent.reference], now);
      setForm(formOf(now));
      void queries.invalidateQueries({ queryKey: ['agents'] });
    },
    onError: (cause) => {
      if (cause instanceof Changed) void queries.invalidateQueries({ queryKey: ['agents', agent.reference] });
    },
  });
  if (settings.isError) return <LoadFailed error={settings.error} retry={() => void settings.refetch()} />;
  const speaks = agent.kind !== 'text';
  const submit = (e: FormEvent) => {
    e.preventDefault();
    save.mutate();
  };
  return (
    <div className={classes.columns}>
      <div className={classes.stack}>
        {fixed && <p className={agentClasses.hint}>{fixed}</p>}
        {agent.status === 'draft' && <p className={agentClasses.hint}>{t('draft')}</p>}
        <form className={`${page.card} ${classes.form}`} onSubmit={submit} aria-labelledby="embed-settings">
          <h2 id="embed-settings">{t('settings')}</h2>
          <fieldset disabled={fixed !== undefined} className={classes.fields}>
            <Switch
              label={t('enabled')}
              description={t('enabledHelp')}
              checked={form.enabled}
              onChange={(e) => put({ enabled: e.currentTarget.checked })}
            />
            <Textarea
              label={t('domains')}
              description={t('domainsHelp')}
              placeholder={'example.com\n*.example.com'}
              autosize
              minRows={2}
              maxRows={10}
              spellCheck={false}
              value={form.domains}
              onChange={(e) => put({ domains: e.currentTarget.value })}
            />
            {form.enabled && domainsOf(form.domains).length === 0 && <p className={classes.note}>{t('noDomain')}</p>}
            <div className={classes.row}>
              <Checkbox
                label={t('text')}
                checked={form.text}
                onChange={(e) => put({ text: e.currentTarget.checked })}
              />
              {speaks && (
                <Checkbox
                  label={t('voice')}
                  checked={form.voice}
                  onChange={(e) => put({ voice: e.currentTarget.checked })}
                />
              )}
            </div>
            <h3>{t('looks')}</h3>
            <div className={classes.row}>
              <ColorInput
                label={t('color')}
                format="hex"
                placeholder="#4a148c"
                eyeDropperButtonProps={{ 'aria-label': t('pick') }}
                value={form.color}
                onChange={(color) => put({ color })}
              />
              <Choice
                label={t('position.label')}
                prefix="position"
                value={form.position}
                values={['bottom-right', 'bottom-left']}
                set={(position) => put({ position })}
              />
              <Choice
                label={t('theme.label')}
                prefix="theme"
                value={form.theme}
                values={['auto', 'light', 'dark']}
                set={(theme) => put({ theme })}
              />
              <Choice
                label={t('language.label')}
                prefix="language"
                value={form.language}
                values={['auto', 'fr', 'en', 'es']}
                set={(language) => put({ language })}
              />
            </div>
            <TextInput
              label={t('label')}
              description={t('labelHelp')}
              maxLength={60}
              value={form.label}
              onChange={(e) => put({ label: e.currentTarget.value })}
            />
            <Textarea
              label={t('greeting')}
              description={t('greetingHelp')}
              autosize
              minRows={2}
              maxLength={1000}
              lang={agent.language}
              value={form.greeting}
              onChange={(e) => put({ greeting: e.currentTarget.value })}
            />
            <Choice
              label={t('identity.label')}
              description={t('identity.help')}
              prefix="identity"
              value={form.identity}
              values={['off', 'optional', 'required']}
              set={(identity) => put({ identity })}
            />
          </fieldset>
          <div className={classes.save}>
            {fixed ? (
              <ReasonButton reason={fixed}>{t('save')}</ReasonButton>
            ) : (
              <Button type="submit" loading={save.isPending} disabled={!dirty}>
                {t('save')}
              </Button>
            )}
            <p role="status" className={save.isSuccess && !dirty ? classes.done : classes.note}>
              {save.isSuccess && !dirty ? t('saved') : dirty ? t('unsaved') : ''}
            </p>
          </div>
          {save.error && (
            <p className={agentClasses.failed} role="alert">
              {save.error instanceof Changed ? t('agents:conflict.reloaded') : problem(save.error)}
            </p>
          )}
        </form>
        {settings.data && (
          <>
            <EmbedSnippets id={settings.data.id} name={agent.name} voice={speaks && form.voice && !form.text} />
            <EmbedIdentity agent={agent} id={settings.data.id} has={settings.data.has_secret} fixed={fixed} />
          </>
        )}
      </div>
      {settings.data && <EmbedPreview agent={agent} id={settings.data.id} form={form} />}
    </div>
  );
}

type Family = 'position' | 'theme' | 'language' | 'identity';

function Choice<V extends string>({
  label,
  description,
  prefix,
  value,
  values,
  set,
}: {
  label: string;
  description?: string;
  prefix: Family;
  value: V;
  values: readonly V[];
  set(value: V): void;
}) {
  const { t } = useTranslation('embed');
  return (
    <Select
      label={label}
      description={description}
      data={values.map((v) => ({ value: v, label: t(`${prefix}.${v}` as 'theme.auto') }))}
      allowDeselect={false}
      value={value}
      onChange={(v) => v && set(v as V)}
    />
  );
}
