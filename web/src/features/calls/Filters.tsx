import { CloseButton, NativeSelect, TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { IconSearch } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Conversation } from '~/api/client';
import { type CallSearch, channels, recent, states } from '~/components/callSearch';
import { useChannelName } from '~/components/useChannelName';
import { useFormat } from '~/components/useFormat';
import { agentNamesQuery } from './api';
import classes from './Filters.module.css';

interface Props {
  search: CallSearch;
  setSearch(search: CallSearch): void;
}

/** What narrows the list down. All of it is in the address, so that it can be sent to somebody. */
export function Filters({ search, setSearch }: Props) {
  const { t } = useTranslation('calls');
  const channelName = useChannelName();
  const agents = useQuery(agentNamesQuery());
  const names = agents.data?.items ?? [];
  const unknown = search.agent !== undefined && !names.some((a) => a.reference === search.agent);
  const change = (part: Partial<CallSearch>) => setSearch({ ...search, ...part });
  const known: string[] = [...channels];
  if (search.channel && !known.includes(search.channel)) known.push(search.channel);
  return (
    <search className={classes.filters}>
      <Words value={search.q} change={(q) => change({ q })} />
      <Period search={search} change={change} />
      <NativeSelect
        label={t('filter.agent')}
        value={search.agent ?? ''}
        onChange={(e) => change({ agent: e.currentTarget.value || undefined })}
        data={[
          { value: '', label: t('filter.all') },
          ...names.map((a) => ({ value: a.reference, label: a.name })),
          ...(unknown ? [{ value: search.agent ?? '', label: search.agent ?? '' }] : []),
        ]}
      />
      <NativeSelect
        label={t('filter.channel')}
        value={search.channel ?? ''}
        onChange={(e) => change({ channel: e.currentTarget.value || undefined })}
        data={[
          { value: '', label: t('filter.allChannels') },
          ...known.map((value) => ({ value, label: channelName(value) })),
        ]}
      />
      <NativeSelect
        label={t('filter.status')}
        value={search.status ?? ''}
        onChange={(e) => change({ status: (e.currentTarget.value || undefined) as Conversation['status'] })}
        data={[
          { value: '', label: t('filter.any') },
          ...states.map((value) => ({ value, label: t(`status.${value}`) })),
        ]}
      />
      <Duration search={search} change={change} />
    </search>
  );
}

interface Part {
  search: CallSearch;
  change(part: Partial<CallSearch>): void;
}

/** Asks when typing pauses, and follows the address when that changes by itself. */
function Words({ value, change }: { value?: string; change(words?: string): void }) {
  const { t } = useTranslation('calls');
  const [text, setText] = useState(value ?? '');
  const tell = useDebouncedCallback((words: string) => change(words.trim() || undefined), 300);
  useEffect(() => {
    setText((now) => (now.trim() === (value ?? '') ? now : (value ?? '')));
  }, [value]);
  const set = (words: string) => {
    setText(words);
    tell(words);
  };
  return (
    <TextInput
      className={classes.words}
      label={t('filter.words')}
      placeholder={t('filter.wordsHint')}
      leftSection={<IconSearch size={16} stroke={1.8} aria-hidden />}
      rightSection={text && <CloseButton size="sm" aria-label={t('filter.reset')} onClick={() => set('')} />}
      value={text}
      maxLength={200}
      onChange={(e) => set(e.currentTarget.value)}
    />
  );
}

function Period({ search, change }: Part) {
  const { t } = useTranslation('calls');
  const [open, setOpen] = useState(false);
  const dates = open || search.from !== undefined || search.to !== undefined;
  return (
    <>
      <NativeSelect
        label={t('filter.period')}
        value={search.period ?? (dates ? 'custom' : '')}
        onChange={(e) => {
          const value = e.currentTarget.value;
          setOpen(value === 'custom');
          change({ period: recent.find((p) => p === value), from: undefined, to: undefined });
        }}
        data={[
          { value: '', label: t('filter.anyTime') },
          ...recent.map((value) => ({ value, label: t(`filter.${value}`) })),
          { value: 'custom', label: t('filter.custom') },
        ]}
      />
      {dates && !search.period && (
        <>
          <TextInput
            type="date"
            label={t('filter.from')}
            value={search.from ?? ''}
            max={search.to}
            onChange={(e) => change({ from: e.currentTarget.value || undefined })}
          />
          <TextInput
            type="date"
            label={t('filter.to')}
            value={search.to ?? ''}
            min={search.from}
            onChange={(e) => change({ to: e.currentTarget.value || undefined })}
          />
        </>
      )}
    </>
  );
}

const lengths = { short: [undefined, 30], middle: [30, 180], long: [180, undefined] } as const;

function Duration({ search, change }: Part) {
  const { t } = useTranslation('calls');
  const format = useFormat();
  const { min, max } = search;
  const any = min === undefined && max === undefined;
  const known = Object.entries(lengths).find(([, [a, b]]) => a === min && b === max)?.[0];
  const clock = (seconds: number) => format.clock(seconds * 1000);
  const own =
    max === undefined
      ? t('filter.more', { from: clock(min ?? 0) })
      : min === undefined
        ? t('filter.less', { to: clock(max) })
        : t('filter.range', { from: clock(min), to: clock(max) });
  return (
    <NativeSelect
      label={t('filter.duration')}
      value={any ? '' : (known ?? 'own')}
      onChange={(e) => {
        const value = e.currentTarget.value;
        if (value === 'own') return;
        const [least, most] = lengths[value as keyof typeof lengths] ?? [];
        change({ min: least, max: most });
      }}
      data={[
        { value: '', label: t('filter.anyDuration') },
        { value: 'short', label: t('filter.short') },
        { value: 'middle', label: t('filter.middle') },
        { value: 'long', label: t('filter.long') },
        ...(any || known ? [] : [{ value: 'own', label: own }]),
      ]}
    />
  );
}
