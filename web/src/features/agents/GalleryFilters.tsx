import { NativeSelect, TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { IconSearch } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Agent } from '~/api/agents';
import { useFormat } from '~/components/useFormat';
import { choicesQuery, type GalleryFilter, type Sort, sorts } from './api';
import classes from './Gallery.module.css';

interface Props {
  kind: Agent['kind'];
  filter: GalleryFilter;
  setFilter(filter: GalleryFilter): void;
}

/** A value that the address has is offered even when no agent has it. */
const within = (values: string[], value: string | undefined) =>
  value === undefined || values.includes(value) ? values : [...values, value];

export function GalleryFilters({ kind, filter, setFilter }: Props) {
  const { t } = useTranslation('agents');
  const format = useFormat();
  const choices = useQuery(choicesQuery(kind)).data;
  const select = (key: 'status' | 'model' | 'language', all: string, options: { value: string; label: string }[]) => (
    <NativeSelect
      label={t(`filter.${key}`)}
      value={filter[key] ?? ''}
      onChange={(e) => setFilter({ ...filter, [key]: e.currentTarget.value || undefined })}
      data={[{ value: '', label: all }, ...options]}
    />
  );
  return (
    <search className={classes.filters} aria-label={t('filter.title')}>
      <Search value={filter.search ?? ''} change={(search) => setFilter({ ...filter, search })} />
      {select('status', t('filter.all'), [
        { value: 'active', label: t('status.active') },
        { value: 'draft', label: t('status.draft') },
      ])}
      {select(
        'model',
        t('filter.all'),
        within(choices?.models ?? [], filter.model).map((value) => ({
          value,
          label: value === 'auto' ? t('automatic') : value,
        })),
      )}
      {select(
        'language',
        t('filter.allLanguages'),
        within(choices?.languages ?? [], filter.language).map((value) => ({ value, label: format.language(value) })),
      )}
      <NativeSelect
        label={t('filter.sort')}
        value={filter.sort ?? 'name'}
        onChange={(e) => {
          const sort = e.currentTarget.value as Sort;
          setFilter({ ...filter, sort: sort === 'name' ? undefined : sort });
        }}
        data={sorts.map((value) => ({ value, label: t(`sort.${value}`) }))}
      />
    </search>
  );
}

/** Typing is not an entry of the browser's history, nor a request per letter. */
function Search({ value, change }: { value: string; change(search: string | undefined): void }) {
  const { t } = useTranslation('agents');
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
