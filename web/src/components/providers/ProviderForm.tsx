import { Collapse } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconChevronDown, IconPlugConnected } from '@tabler/icons-react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ApiError, type Provider } from '~/api/client';
import { checkProvider, setProvider } from '~/api/providers';
import { useAccess } from '~/components/access';
import { GuardedButton } from '~/components/Guarded';
import { useWords } from '~/components/useWords';
import { CheckResult } from './CheckResult';
import { FieldControl } from './FieldControl';
import classes from './providers.module.css';
import { draftOf, type Field, fieldsOf, settingsOf, wrongIn } from './schema';

interface Props {
  provider: Provider;
  saved?(): void;
  /** Further buttons beside the form's own. */
  children?: React.ReactNode;
}

/** A provider's settings, drawn from its JSON schema: what one needs first, what tunes behind a click. */
export function ProviderForm({ provider, saved, children }: Props) {
  const { t } = useTranslation('providers');
  const queries = useQueryClient();
  const { allowed } = useAccess('providers:write');
  const fields = useMemo(() => fieldsOf(provider.schema), [provider.schema]);
  const [draft, setDraft] = useState(() => draftOf(fields, provider.settings));
  const [tried, setTried] = useState(false);
  const [kept, setKept] = useState(false);
  const wrong = tried ? wrongIn(fields, draft) : {};
  const save = useMutation({
    mutationFn: () => setProvider(provider.id, settingsOf(fields, draft)),
    onSuccess: async (now) => {
      setDraft(draftOf(fields, now.settings));
      setKept(true);
      await queries.invalidateQueries({ queryKey: ['providers'] });
      void queries.invalidateQueries({ queryKey: ['agents'] });
      saved?.();
    },
  });
  const check = useMutation({ mutationFn: () => checkProvider(provider.id, settingsOf(fields, draft)) });
  const problems = useProblems(provider.id, save.error ?? check.error);
  const main = fields.filter((f) => f.main);
  const rest = main.length > 0 ? fields.filter((f) => !f.main) : [];
  const [more, { toggle }] = useDisclosure(false);

  /** Goes on when nothing is wrong, else to the first field that is. */
  const checked = (go: () => void) => () => {
    setTried(true);
    const [first] = Object.keys(wrongIn(fields, draft));
    if (!first) go();
  };
  const control = (f: Field) => (
    <FieldControl
      key={f.name}
      provider={provider.id}
      field={f}
      value={draft[f.name] ?? ''}
      change={(value) => {
        setDraft((before) => ({ ...before, [f.name]: value }));
        setKept(false);
        check.reset();
        save.reset();
      }}
      error={wrong[f.name] ? t(`form.wrong.${wrong[f.name]?.code ?? 'required'}`) : problems.of(f.name)}
      readOnly={!allowed}
    />
  );
  return (
    <form
      className={classes.form}
      noValidate
      onSubmit={(e) => {
        e.preventDefault();
        checked(() => save.mutate())();
      }}
    >
      <div className={classes.fields}>{(main.length > 0 ? main : fields).map(control)}</div>
      {rest.length > 0 && (
        <>
          <button type="button" className={classes.more} aria-expanded={more} onClick={toggle}>
            <IconChevronDown size={16} stroke={1.9} aria-hidden data-open={more || undefined} />
            {t('form.more', { count: rest.length })}
          </button>
          <Collapse expanded={more}>
            <div className={classes.fields}>{rest.map(control)}</div>
          </Collapse>
        </>
      )}
      {problems.general && (
        <p className={classes.failed} role="alert">
          {problems.general}
        </p>
      )}
      <div className={classes.buttons}>
        <GuardedButton needs="providers:write" type="submit" loading={save.isPending}>
          {t('form.save')}
        </GuardedButton>
        {provider.checkable && (
          <GuardedButton
            needs="providers:write"
            variant="default"
            loading={check.isPending}
            leftSection={<IconPlugConnected size={16} stroke={1.8} aria-hidden />}
            onClick={checked(() => check.mutate())}
          >
            {t('form.test')}
          </GuardedButton>
        )}
        {children}
        <span className={classes.kept} role="status">
          {kept && t('form.saved')}
        </span>
      </div>
      {check.data && <CheckResult result={check.data} />}
    </form>
  );
}

/** What the server said, beside the field that it is about. */
function useProblems(provider: string, error: unknown) {
  const words = useWords();
  if (!error) return { general: null, of: () => undefined };
  const problem = error instanceof ApiError ? error : new ApiError('unknown', 0, {}, String(error));
  const text = words.error(problem.code, problem.message, problem.params);
  const field = problem.field?.startsWith(`${provider}.`) ? problem.field.slice(provider.length + 1) : undefined;
  return { general: field ? null : text, of: (name: string) => (name === field ? text : undefined) };
}
