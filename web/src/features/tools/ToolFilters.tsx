import { NativeSelect, TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { IconSearch } from '@tabler/icons-react';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { ToolFilter } from './api';
import { kinds } from './kinds';
import classes from './tools.module.css';
import { useCategories } from './useCategory';

interface Props {
  filter: ToolFilter;
  setFilter(filter: ToolFilter): void;
}

export function ToolFilters({ filter, setFilter }: Props) {
  const { t } = useTranslation('tools');
  const categories = useCategories();
  const select = (key: 'category' | 'status' | 'type', options: { value: string; label: string }[]) => (
    <NativeSelect
      label={t(`filter.${key}`)}
      value={filter[key] ?? ''}
      onChange={(e) => setFilter({ ...filter, [key]: e.currentTarget.value || undefined })}
      data={[{ value: '', label: t('filter.all') }, ...options]}
    />
  );
  return (
    <search className={classes.filters} aria-label={t('filter.title')}>
      <Search value={filter.search ?? ''} change={(search) => setFilter({ ...filter, search })} />
      {select('category', categories.options)}
      {select(
        'type',
        [...kinds, 'builtin' as const].map((value) => ({ value, label: t(`type.${value}`) })),
      )}
      {select(
        'status',
        (['active', 'inactive'] as const).map((value) => ({ value, label: t(`status.${value}`) })),
      )}
    </search>
  );
}

/** Typing is not an entry of the browser's history, nor a request per letter. */
function Search({ value, change }: { value: string; change(search: string | undefined): void }) {
  const { t } = useTranslation('tools');
  const [text, setText] = useState(value);
  const soon = useDebouncedCallback((next: string) => change(next.trim() || undefined), 250);
  useEffect(() => setText((now) => (now.trim() === value ? now : value)), [value]);
  return (
    <TextInput
      type="search"
      label={t('filter.search')}
      placeholder={t('filter.searchHint')}
      leftSection={<IconSearch size={16} stroke={1.8} aria-hidden />}
      value={text}
      onChange={(e) => {
        setText(e.currentTarget.value);
        soon(e.currentTarget.value);
      }}
    />
  );
}
