import { useMutation } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import type { Complaint } from '~/api/tools';
import { GuardedButton } from '~/components/Guarded';
import page from '~/components/Page.module.css';
import { Problem } from '~/components/Problem';
import { validateTool } from './api';
import { currentSchema, rowsOf } from './form';
import type { PartProps } from './part';
import classes from './tools.module.css';

interface Props extends Omit<PartProps, 'wrong'> {
  found(complaints: Complaint[]): void;
}

/** Holds the descriptions against the limits and offers them corrected; nothing is kept until the tool is saved. */
export function Checker({ form, edit, found }: Props) {
  const { t } = useTranslation('tools');
  const check = useMutation({
    mutationFn: () =>
      validateTool({
        definition: {
          type: 'function',
          function: { name: form.name, description: form.description, parameters: currentSchema(form) },
        },
      }),
    onSuccess: ({ complaints }) => found(complaints),
  });
  const verdict = check.data;
  const take = () => {
    if (!verdict?.definition) return;
    const { description, parameters } = verdict.definition.function;
    const rows = rowsOf(parameters);
    const was = new Map(form.params.map((p) => [p.name, p]));
    edit({
      description,
      ...(form.schema === undefined && rows
        ? {
            params: rows.params.map((p) => ({
              ...p,
              place: was.get(p.name)?.place ?? '',
              as: was.get(p.name)?.as ?? '',
            })),
            schemaRest: rows.rest,
          }
        : { schema: JSON.stringify(parameters, null, 2) }),
    });
    found([]);
    check.reset();
  };
  return (
    <section className={`${page.card} ${classes.section}`}>
      <header className={classes.sectionHead}>
        <h2>{t('check.title')}</h2>
        <GuardedButton
          needs="tools:write"
          variant="default"
          size="compact-sm"
          loading={check.isPending}
          onClick={() => check.mutate()}
        >
          {t('check.go')}
        </GuardedButton>
      </header>
      <p className={classes.weak}>{t('check.text')}</p>
      <Problem error={check.error} />
      {verdict && (
        <div role="status" className={classes.verdict}>
          <p>{verdict.status === 'valid' ? t('check.fine') : t('check.found', { count: verdict.complaints.length })}</p>
          {verdict.status === 'corrected' && verdict.definition && (
            <>
              <blockquote>{verdict.definition.function.description}</blockquote>
              <GuardedButton needs="tools:write" size="compact-sm" onClick={take}>
                {t('check.take')}
              </GuardedButton>
            </>
          )}
        </div>
      )}
    </section>
  );
}
