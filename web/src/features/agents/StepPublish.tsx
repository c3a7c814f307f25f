import { Button, Textarea, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { type AgentDetail, Changed, Incomplete } from '~/api/agents';
import { LinkButton } from '~/components/links';
import { useFormat } from '~/components/useFormat';
import { TalkButton } from './AgentCard';
import { nameQuery } from './api';
import { blanksOf } from './blanks';
import type { DraftState } from './draft';
import { automatic, characters, type Form, type Step, split } from './form';
import { fieldId, type StepProps } from './step';
import { useProblem } from './useProblem';
import type { Publishing } from './usePublishing';
import classes from './Wizard.module.css';

interface Props extends StepProps {
  state: DraftState;
  publishing: Publishing;
  open(step: Step): void;
}

/** The name, a look at everything, and what came of publishing it. */
export function StepPublish({ form, edit, lacks, state, publishing, open }: Props) {
  const { t } = useTranslation('agents');
  const { problem, finding } = useProblem();
  const { error, done, gap } = publishing;
  const findings = error instanceof Incomplete ? error.findings : (state.agent?.findings ?? []);
  const relevant = findings.filter((f) => error instanceof Incomplete || f.severity === 'warning');
  const blanks = blanksOf(`${form.greeting}\n${form.instructions}`);
  return (
    <div className={classes.fields}>
      {done && state.status === 'clean' && <Published {...done} />}
      {relevant.length > 0 && (
        <ul className={classes.findings} aria-label={t('wizard.publish.findings')}>
          {relevant.map((f) => (
            <li key={f.field + f.code} className={classes.finding} data-severity={f.severity}>
              {finding(f)}
            </li>
          ))}
        </ul>
      )}
      {error !== null && !(error instanceof Incomplete) && (
        <p className={classes.finding} data-severity="error" role="alert">
          {error instanceof Changed ? t('wizard.publish.changed') : problem(error)}
        </p>
      )}
      {blanks.length > 0 && (
        <p className={classes.finding} data-severity="warning">
          {t('wizard.publish.blanks', { names: blanks.map((b) => `{{${b}}}`).join(', ') })}
        </p>
      )}
      {gap && (
        <p className={classes.finding} data-severity="warning">
          {t('wizard.publish.gap', { step: t(`wizard.step.${gap}`) })}{' '}
          <Button size="compact-xs" variant="default" onClick={() => open(gap)}>
            {t('wizard.publish.goTo', { step: t(`wizard.step.${gap}`) })}
          </Button>
        </p>
      )}
      <Name form={form} edit={edit} error={lacks('name')} except={state.agent?.reference} />
      <Textarea
        label={t('wizard.publish.description')}
        description={t('wizard.publish.descriptionHelp')}
        autosize
        minRows={2}
        maxLength={1000}
        value={form.description}
        onChange={(e) => edit({ description: e.currentTarget.value })}
      />
      <Recap form={form} open={open} />
    </div>
  );
}

function Name({ form, edit, error, except }: { form: Form; edit: StepProps['edit']; error?: string; except?: string }) {
  const { t } = useTranslation('agents');
  const [name] = useDebouncedValue(form.name.trim(), 300);
  const asked = useQuery(nameQuery(name, except));
  const settled = name === form.name.trim() && asked.data !== undefined;
  const taken = settled && asked.data?.available === false;
  const { suggestion } = asked.data ?? {};
  return (
    <div>
      <TextInput
        id={fieldId('name')}
        label={t('wizard.publish.name')}
        description={t('wizard.publish.nameHelp')}
        required
        maxLength={240}
        error={error ?? (taken ? t('wizard.publish.taken') : undefined)}
        value={form.name}
        onChange={(e) => edit({ name: e.currentTarget.value })}
      />
      <div className={classes.over} role="status">
        {taken && suggestion && (
          <Button size="compact-xs" variant="light" onClick={() => edit({ name: suggestion })}>
            {t('wizard.publish.take', { name: suggestion })}
          </Button>
        )}
        {settled && asked.data?.available && name !== '' && <span>{t('wizard.publish.free')}</span>}
      </div>
    </div>
  );
}

/** Everything that was chosen, each with the way back to it. */
function Recap({ form, open }: { form: Form; open(step: Step): void }) {
  const { t } = useTranslation('agents');
  const format = useFormat();
  const named = (id: string) => (id === automatic ? t('automatic') : split(id)[1] || id);
  const rows: [Step, string, string][] = [['model', t('model'), form.model === '' ? '' : named(form.model)]];
  if (form.kind !== 'text') {
    rows.push(['voice', t('language'), form.language === '' ? '' : format.language(form.language)]);
    rows.push(['voice', t('voice'), form.voice === '' ? '' : named(form.voice)]);
  }
  rows.push(['tools', t('tools'), form.tools.join(', ')]);
  rows.push([
    'instructions',
    t('wizard.instructions.label'),
    t('wizard.characters', { count: characters(form.instructions) }),
  ]);
  rows.push(['instructions', t('wizard.instructions.greeting'), form.greeting]);
  return (
    <dl className={classes.recap}>
      {rows.map(([step, label, value]) => (
        <div key={label} className={classes.recapRow}>
          <dt>{label}</dt>
          <dd>{value || t('none')}</dd>
          <dd>
            <Button
              size="compact-sm"
              variant="subtle"
              aria-label={t('wizard.publish.editOf', { what: label })}
              onClick={() => open(step)}
            >
              {t('edit')}
            </Button>
          </dd>
        </div>
      ))}
    </dl>
  );
}

function Published({ agent, renewed }: { agent: AgentDetail; renewed: boolean }) {
  const { t } = useTranslation('agents');
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  return (
    <div className={classes.result} role="status">
      <h3 ref={heading} tabIndex={-1}>
        {t(renewed ? 'wizard.publish.saved' : 'wizard.publish.done', { name: agent.name, reference: agent.reference })}
      </h3>
      <TalkButton agent={agent} />
      <LinkButton variant="default" to="/agents/$agentId" params={{ agentId: agent.reference }}>
        {t('wizard.publish.see')}
      </LinkButton>
    </div>
  );
}
