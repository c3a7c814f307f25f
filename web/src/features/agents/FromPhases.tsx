import { NativeSelect, Skeleton, Textarea, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { PromptPhase } from '~/api/prompts';
import { LoadFailed } from '~/components/LoadFailed';
import classes from './Instructions.module.css';
import { Moves } from './Moves';
import { Proposal } from './Proposal';
import { composedQuery, phasesQuery, templatesQuery } from './promptApi';
import type { WayProps } from './step';
import { useProblem } from './useProblem';

interface Chosen extends PromptPhase {
  key: number;
}

const lines = (text: string) =>
  text
    .split('\n')
    .map((l) => l.trim())
    .filter((l) => l !== '');

/** Instructions in the order of a conversation: a role, a tone, phases, and rules that hold in all of them. */
export function FromPhases({ form, lang, most, take, add }: WayProps) {
  const { t } = useTranslation('instructions');
  const { problem } = useProblem();
  const library = useQuery(phasesQuery(lang));
  const templates = useQuery(templatesQuery(lang)).data?.items ?? [];
  const [role, setRole] = useState('');
  const [tone, setTone] = useState('');
  const [rules, setRules] = useState('');
  const [phases, setPhases] = useState<Chosen[]>([]);
  const [keys, setKeys] = useState(0);
  const kind = form.kind === 'text' ? ('text' as const) : ('voice' as const);
  const [draft] = useDebouncedValue(
    { kind, language: lang, role, tone, rules: lines(rules), phases: phases.map(({ key: _, ...phase }) => phase) },
    400,
  );
  const text = useQuery(composedQuery(draft));
  if (library.isError) return <LoadFailed error={library.error} retry={() => void library.refetch()} />;
  if (!library.data) return <Skeleton height={240} radius="lg" />;
  const { items, sets } = library.data;
  const put = (list: (PromptPhase | undefined)[]) => {
    const given = list.flatMap((p, i) => (p ? [{ ...p, key: keys + i }] : []));
    setKeys(keys + list.length);
    return given;
  };
  const move = (from: number, to: number) => {
    const next = [...phases];
    next.splice(to, 0, ...next.splice(from, 1));
    setPhases(next);
  };
  const change = (key: number, part: Partial<PromptPhase>) =>
    setPhases(phases.map((p) => (p.key === key ? { ...p, ...part } : p)));
  return (
    <>
      <div className={classes.two}>
        <TextInput
          label={t('phases.role')}
          placeholder={t('phases.roleHint')}
          maxLength={4000}
          value={role}
          onChange={(e) => setRole(e.currentTarget.value)}
        />
        <TextInput
          label={t('phases.tone')}
          placeholder={t('phases.toneHint')}
          maxLength={1000}
          value={tone}
          onChange={(e) => setTone(e.currentTarget.value)}
        />
        <NativeSelect
          label={t('phases.set')}
          value=""
          onChange={(e) => {
            const ids = sets[e.currentTarget.value] ?? [];
            setPhases(put(ids.map((id) => items.find((p) => p.id === id))));
          }}
          data={[
            { value: '', label: t('phases.chooseSet'), disabled: true },
            ...templates.filter((i) => sets[i.id]).map((i) => ({ value: i.id, label: i.name })),
          ]}
        />
        <NativeSelect
          label={t('phases.add')}
          value=""
          onChange={(e) => {
            const id = e.currentTarget.value;
            const own = { name: t('phases.own'), goal: '', script: '', rules: [] };
            setPhases([...phases, ...put([id === 'own' ? own : items.find((p) => p.id === id)])]);
          }}
          data={[
            { value: '', label: t('phases.choose'), disabled: true },
            ...items.map((p) => ({ value: p.id ?? '', label: p.name })),
            { value: 'own', label: t('phases.own') },
          ]}
        />
      </div>
      <ol className={classes.phases} aria-label={t('phases.list')}>
        {phases.map((p, i) => (
          <li key={p.key} className={classes.phase}>
            <details>
              <summary>
                <b>{p.name}</b>
                <span>{p.goal}</span>
              </summary>
              <div className={classes.phaseFields}>
                <TextInput
                  label={t('phases.name')}
                  maxLength={200}
                  value={p.name}
                  onChange={(e) => change(p.key, { name: e.currentTarget.value })}
                />
                <Textarea
                  label={t('phases.goal')}
                  autosize
                  value={p.goal ?? ''}
                  onChange={(e) => change(p.key, { goal: e.currentTarget.value })}
                />
                <Textarea
                  label={t('phases.script')}
                  autosize
                  value={p.script ?? ''}
                  onChange={(e) => change(p.key, { script: e.currentTarget.value })}
                />
                <Textarea
                  label={t('phases.rules')}
                  description={t('phases.rulesHelp')}
                  autosize
                  value={(p.rules ?? []).join('\n')}
                  onChange={(e) => change(p.key, { rules: e.currentTarget.value.split('\n') })}
                />
              </div>
            </details>
            <span className={classes.phaseMoves}>
              <Moves
                at={i}
                count={phases.length}
                move={(to) => move(i, to)}
                remove={() => setPhases(phases.filter((q) => q.key !== p.key))}
                words={{
                  up: t('phases.up', { name: p.name }),
                  down: t('phases.down', { name: p.name }),
                  remove: t('phases.remove', { name: p.name }),
                }}
              />
            </span>
          </li>
        ))}
      </ol>
      <Textarea
        label={t('phases.always')}
        description={t('phases.rulesHelp')}
        autosize
        minRows={2}
        value={rules}
        onChange={(e) => setRules(e.currentTarget.value)}
      />
      {text.error && (
        <p className={classes.failed} role="alert">
          {problem(text.error)}
        </p>
      )}
      {text.data && !text.error && (
        <Proposal
          title={t('phases.preview')}
          text={text.data.instructions}
          most={most}
          over={form.instructions.trim() !== ''}
          replace={(words) => take({ instructions: words })}
          add={add}
        />
      )}
    </>
  );
}
