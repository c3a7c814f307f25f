import { NativeSelect, Textarea, TextInput } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { Complaint } from '~/api/tools';
import page from '~/components/Page.module.css';
import { Counter, Findings } from './Findings';
import { complaintsOf, mostDescription, nameFrom } from './form';
import type { PartProps } from './part';
import classes from './tools.module.css';
import { useCategories } from './useCategory';

/** What people and models know the tool by. */
export function Basics({
  form,
  edit,
  wrong,
  complaints,
  fixedName,
}: PartProps & { complaints: Complaint[]; fixedName: boolean }) {
  const { t } = useTranslation('tools');
  const categories = useCategories();
  // Until somebody writes a name, it follows from the one that people read.
  const follows = !fixedName && form.name === nameFrom(form.display);
  return (
    <section className={`${page.card} ${classes.section}`}>
      <h2>{t('section.basics')}</h2>
      <div className={classes.pair}>
        <TextInput
          label={t('field.display')}
          placeholder={t('field.displayHint')}
          maxLength={200}
          value={form.display}
          onChange={(e) => {
            const display = e.currentTarget.value;
            edit(follows ? { display, name: nameFrom(display) } : { display });
          }}
        />
        <TextInput
          data-field="name"
          required
          label={t('field.name')}
          description={t('field.nameHelp')}
          error={wrong('name')}
          maxLength={63}
          classNames={{ input: classes.mono }}
          value={form.name}
          onChange={(e) => edit({ name: e.currentTarget.value })}
        />
        <NativeSelect
          label={t('filter.category')}
          value={form.category}
          onChange={(e) => edit({ category: e.currentTarget.value })}
          data={
            categories.options.length > 0
              ? categories.options
              : [{ value: form.category, label: categories.name(form.category) }]
          }
        />
        <TextInput
          label={t('field.tags')}
          description={t('field.commas')}
          value={form.tags}
          onChange={(e) => edit({ tags: e.currentTarget.value })}
        />
      </div>
      <div>
        <Textarea
          label={t('field.description')}
          description={t('field.descriptionHelp')}
          autosize
          minRows={3}
          maxRows={10}
          value={form.description}
          onChange={(e) => edit({ description: e.currentTarget.value })}
        />
        <Counter text={form.description} most={mostDescription} />
        <Findings list={complaintsOf(complaints, 'description')} />
      </div>
    </section>
  );
}
