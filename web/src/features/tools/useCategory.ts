import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { categoriesQuery } from './api';

/** The categories by their names in the reader's language; one that has no words here has the server's. */
export function useCategories() {
  const { t, i18n } = useTranslation('tools');
  const known = useQuery(categoriesQuery()).data?.categories ?? [];
  const name = (id: string): string =>
    i18n.exists(`tools:category.${id}`)
      ? t(`category.${id}` as 'category.custom')
      : (known.find((c) => c.id === id)?.name ?? id);
  return { name, options: known.map(({ id }) => ({ value: id, label: name(id) })) };
}
