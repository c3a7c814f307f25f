import { Button, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import type { TemplateVariable } from '~/api/prompts';
import classes from './Instructions.module.css';
import { templatesQuery } from './promptApi';

interface Props {
  names: string[];
  lang: string;
  values: Record<string, string>;
  change(values: Record<string, string>): void;
  fill(): void;
}

/** What still has to be said about one's own company. What a contact's data fill in is only named. */
export function Blanks({ names, lang, values, change, fill }: Props) {
  const { t } = useTranslation('instructions');
  const known = new Map<string, TemplateVariable>();
  const templates = useQuery(templatesQuery(lang)).data?.items ?? [];
  for (const template of templates) for (const v of template.variables) if (!known.has(v.name)) known.set(v.name, v);
  const later = names.filter((n) => known.get(n)?.when === 'contact');
  const now = names.filter((n) => !later.includes(n));
  return (
    <section className={classes.blanks} aria-labelledby="blanks">
      <h3 id="blanks">{t('blanks.title')}</h3>
      {now.length > 0 && (
        <>
          <p>{t('blanks.text')}</p>
          <form
            className={classes.blankFields}
            onSubmit={(e) => {
              e.preventDefault();
              fill();
            }}
          >
            {now.map((name) => (
              <TextInput
                key={name}
                id={`blank-${name}`}
                label={known.get(name)?.description ?? name}
                description={<code>{`{{${name}}}`}</code>}
                inputWrapperOrder={['label', 'input', 'description']}
                placeholder={known.get(name)?.sample}
                maxLength={1000}
                value={values[name] ?? ''}
                onChange={(e) => change({ ...values, [name]: e.currentTarget.value })}
              />
            ))}
            <Button type="submit" size="sm" variant="light" disabled={!now.some((n) => values[n]?.trim())}>
              {t('blanks.fill')}
            </Button>
          </form>
        </>
      )}
      {later.length > 0 && <p>{t('blanks.later', { names: later.map((n) => `{{${n}}}`).join(', ') })}</p>}
    </section>
  );
}
