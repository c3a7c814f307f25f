import { Button, Skeleton, TextInput } from '@mantine/core';
import { IconSearch, IconTool, IconTrash } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Finding } from '~/api/agents';
import { activeToolsQuery, type Tool } from '~/api/tools';
import { LazyWords } from '~/components/LazyWords';
import { Problem } from '~/components/Problem';
import { Chip } from '~/ui/Chip';
import { maxTools } from './form';
import type { StepProps } from './step';
import { offered } from './toolChoice';
import { useProblem } from './useProblem';
import classes from './Wizard.module.css';

type Props = StepProps & { findings: Finding[] };

/** What the agent can do besides talking. Tools that it has and the server has not are said, and can be taken away. */
export function StepTools(props: Props) {
  return (
    <LazyWords namespace="tools" waiting={<Skeleton height={160} radius="lg" />}>
      <Choice {...props} />
    </LazyWords>
  );
}

function Choice({ form, edit, findings }: Props) {
  const { t } = useTranslation(['agents', 'tools']);
  const known = useQuery(activeToolsQuery());
  const [words, setWords] = useState('');
  const items = known.data?.items ?? [];
  const { chosen, rest, lost } = offered(items, form.tools, words);
  const full = form.tools.length >= maxTools;
  const take = (tool: string) =>
    edit((f) => ({
      ...f,
      tools: f.tools.includes(tool)
        ? f.tools.filter((o) => o !== tool)
        : f.tools.length < maxTools
          ? [...f.tools, tool]
          : f.tools,
    }));
  if (known.isSuccess && items.length === 0 && form.tools.length === 0) {
    return (
      <div className={classes.nothing}>
        <IconTool size={26} stroke={1.5} aria-hidden />
        <p>{t('wizard.tools.none')}</p>
      </div>
    );
  }
  return (
    <div className={classes.fields}>
      <p className={classes.place} role="status">
        <Chip small tone={full ? 'warn' : 'plain'}>
          {t('wizard.tools.count', { count: form.tools.length, most: maxTools })}
        </Chip>{' '}
        {full && t('tools:choose.full', { most: maxTools })}
      </p>
      <Problem error={known.error} />
      {known.isPending && <Skeleton height={160} radius="lg" />}
      {known.isSuccess && lost.length > 0 && <Lost tools={lost} all={form.tools} findings={findings} remove={take} />}
      {items.length > 6 && (
        <TextInput
          type="search"
          label={t('tools:filter.search')}
          placeholder={t('tools:filter.searchHint')}
          leftSection={<IconSearch size={16} stroke={1.8} aria-hidden />}
          value={words}
          onChange={(e) => setWords(e.currentTarget.value)}
        />
      )}
      <ul className={classes.tools}>
        {[...chosen, ...rest].map((tool) => {
          const on = form.tools.includes(tool.name);
          return <Entry key={tool.id} tool={tool} on={on} off={!on && full} toggle={() => take(tool.name)} />;
        })}
      </ul>
      {known.isSuccess && words && chosen.length + rest.length === 0 && <p>{t('tools:noMatch.title')}</p>}
    </div>
  );
}

function Entry({ tool, on, off, toggle }: { tool: Tool; on: boolean; off: boolean; toggle(): void }) {
  const { t } = useTranslation('tools');
  return (
    <li data-chosen={on || undefined}>
      <label className={classes.tool}>
        <span>
          <input type="checkbox" checked={on} disabled={off} onChange={toggle} /> <strong>{tool.display_name}</strong>
        </span>
        {tool.display_name !== tool.name && <b>{tool.name}</b>}
        <span>{tool.definition.function.description}</span>
      </label>
      {tool.policy.approval && (
        <Chip small tone="warn">
          {t('asks')}
        </Chip>
      )}
      <Chip small tone={tool.is_system ? 'info' : 'brand'}>
        {t(tool.is_system ? 'system' : 'custom')}
      </Chip>
    </li>
  );
}

interface LostProps {
  tools: string[];
  all: string[];
  findings: Finding[];
  remove(tool: string): void;
}

function Lost({ tools, all, findings, remove }: LostProps) {
  const { t } = useTranslation(['agents', 'tools']);
  const { finding } = useProblem();
  return (
    <ul className={classes.tools}>
      {tools.map((tool) => {
        const wrong = findings.filter((f) => f.field === `tools[${all.indexOf(tool)}]` || f.params?.tool === tool);
        return (
          <li key={tool}>
            <span className={classes.tool}>
              <b>{tool}</b>
              {wrong.length === 0 && <span>{t('tools:choose.lost')}</span>}
              {wrong.map((f) => (
                <span key={f.code} className={classes.finding} data-severity={f.severity}>
                  {finding(f)}
                </span>
              ))}
            </span>
            <Button
              size="compact-sm"
              variant="default"
              leftSection={<IconTrash size={15} stroke={1.8} aria-hidden />}
              aria-label={t('wizard.tools.removeOf', { tool })}
              onClick={() => remove(tool)}
            >
              {t('wizard.tools.remove')}
            </Button>
          </li>
        );
      })}
    </ul>
  );
}
