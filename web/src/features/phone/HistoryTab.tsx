import { Button, NativeSelect, SegmentedControl, Skeleton, TextInput } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconFilterOff, IconHistory, IconSearch, IconTrash } from '@tabler/icons-react';
import { type UseInfiniteQueryResult, useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Confirm } from '~/components/Confirm';
import { EmptyState } from '~/components/EmptyState';
import { GuardedIcon } from '~/components/Guarded';
import { LoadFailed } from '~/components/LoadFailed';
import page from '~/components/Page.module.css';
import { useFormat } from '~/components/useFormat';
import { Chip, type Tone } from '~/ui/Chip';
import {
  callsQuery,
  deleteCall,
  deleteRecording,
  deleteText,
  type PhoneCall,
  type PhoneRecording,
  type PhoneText,
  recordingsQuery,
  textsQuery,
} from './api';
import classes from './phone.module.css';
import { lists, outcomes, type PhoneSearch } from './search';
import { useAgentName } from './useAgentName';

interface Props {
  search: PhoneSearch;
  go(search: PhoneSearch): void;
}

/** What there was: calls, text messages, and the recordings that carriers made. */
export function HistoryTab({ search, go }: Props) {
  const { t } = useTranslation('phone');
  const list = search.list ?? 'calls';
  const [words, setWords] = useState(search.q ?? '');
  const set = (more: Partial<PhoneSearch>) => go({ ...search, ...more });
  return (
    <section className={page.card} aria-label={t('tab.history')}>
      <div className={classes.filters}>
        <SegmentedControl
          aria-label={t('history.which')}
          value={list}
          onChange={(value) => go({ tab: 'history', list: lists.find((l) => l === value) })}
          data={lists.map((value) => ({ value, label: t(`history.${value}`) }))}
        />
        {list !== 'recordings' && (
          <>
            <form
              onSubmit={(e) => {
                e.preventDefault();
                set({ q: words.trim() || undefined });
              }}
            >
              <TextInput
                type="search"
                aria-label={t('history.search')}
                placeholder={t('history.search')}
                leftSection={<IconSearch size={15} stroke={1.8} aria-hidden />}
                value={words}
                onChange={(e) => setWords(e.currentTarget.value)}
                onBlur={() => words.trim() !== (search.q ?? '') && set({ q: words.trim() || undefined })}
              />
            </form>
            <NativeSelect
              aria-label={t('history.direction')}
              value={search.direction ?? ''}
              onChange={(e) => set({ direction: (e.currentTarget.value || undefined) as PhoneSearch['direction'] })}
              data={[
                { value: '', label: t('history.anyDirection') },
                { value: 'inbound', label: t('direction.inbound') },
                { value: 'outbound', label: t('direction.outbound') },
              ]}
            />
          </>
        )}
        {list === 'calls' && (
          <NativeSelect
            aria-label={t('history.outcome')}
            value={search.outcome ?? ''}
            onChange={(e) => set({ outcome: (e.currentTarget.value || undefined) as PhoneSearch['outcome'] })}
            data={[
              { value: '', label: t('history.anyOutcome') },
              ...outcomes.map((value) => ({ value, label: t(`outcome.${value}`) })),
            ]}
          />
        )}
      </div>
      {list === 'calls' && <Calls search={search} reset={() => go({ tab: 'history' })} />}
      {list === 'messages' && <Messages search={search} reset={() => go({ tab: 'history', list })} />}
      {list === 'recordings' && <Recordings />}
    </section>
  );
}

interface ListProps<T> {
  query: UseInfiniteQueryResult<{ pages: { items: T[]; total: number }[] }>;
  filtered?: boolean;
  reset?: () => void;
  head: string[];
  /** What the list is, for those who read by ear. */
  label: string;
  row(item: T): ReactNode;
}

/** A list in a table, with its empty, waiting and failed faces. */
function List<T>({ query, filtered, reset, head, label, row }: ListProps<T>) {
  const { t } = useTranslation('phone');
  const format = useFormat();
  const items = query.data?.pages.flatMap((p) => p.items) ?? [];
  if (query.isPending) {
    return (
      <div className={classes.waiting}>
        <Skeleton height={220} radius="md" />
      </div>
    );
  }
  if (query.isError && !query.data) return <LoadFailed error={query.error} retry={() => void query.refetch()} />;
  if (items.length === 0 && filtered) {
    return (
      <EmptyState icon={IconFilterOff} title={t('history.noMatch')} text={t('history.noMatchText')}>
        <Button variant="default" onClick={reset}>
          {t('history.reset')}
        </Button>
      </EmptyState>
    );
  }
  if (items.length === 0)
    return <EmptyState icon={IconHistory} title={t('history.none')} text={t('history.noneText')} />;
  return (
    <>
      <div className={classes.tableBox} data-stale={query.isPlaceholderData || undefined}>
        <table className={classes.table} aria-label={label}>
          <thead>
            <tr>
              {head.map((h) => (
                <th key={h} scope="col">
                  {h}
                </th>
              ))}
              <td />
            </tr>
          </thead>
          <tbody>{items.map(row)}</tbody>
        </table>
      </div>
      <div className={classes.foot}>
        <span role="status">
          {t('history.shown', {
            shown: format.number(items.length),
            total: format.number(query.data?.pages[0]?.total ?? 0),
          })}
        </span>
        {query.hasNextPage && (
          <Button
            variant="default"
            size="xs"
            loading={query.isFetchingNextPage}
            onClick={() => void query.fetchNextPage()}
          >
            {t('history.more')}
          </Button>
        )}
      </div>
    </>
  );
}

const good: Partial<Record<string, Tone>> = {
  answered: 'pos',
  busy: 'warn',
  no_answer: 'warn',
  declined: 'warn',
  cancelled: 'plain',
  '': 'info',
};

function Calls({ search, reset }: { search: PhoneSearch; reset(): void }) {
  const { t } = useTranslation('phone');
  const calls = useInfiniteQuery(callsQuery(search));
  const filtered = Boolean(search.q || search.direction || search.outcome);
  const head = [t('column.when'), t('column.who'), t('column.agent'), t('column.outcome'), t('column.length')];
  return (
    <List
      query={calls}
      filtered={filtered}
      reset={reset}
      head={head}
      label={t('history.calls')}
      row={(c) => <CallRow key={c.id} call={c} />}
    />
  );
}

function CallRow({ call }: { call: PhoneCall }) {
  const { t } = useTranslation('phone');
  const nameOf = useAgentName();
  const format = useFormat();
  const length =
    call.answered_at && call.ended_at ? Date.parse(call.ended_at) - Date.parse(call.answered_at) : undefined;
  const far = call.direction === 'inbound' ? call.from : call.to;
  return (
    <tr>
      <td>{format.dateTime(call.created_at)}</td>
      <th scope="row">
        <strong>{call.from_name ? `${call.from_name} · ${far}` : far}</strong>
        <span className={classes.weak}>
          {t(`direction.${call.direction}`)} · {call.direction === 'inbound' ? call.to : call.from}
        </span>
        {call.carrier_id && <code className={classes.weak}>{call.carrier_id}</code>}
      </th>
      <td>
        {call.conversation_id ? (
          <Link to="/agents/voice-history/$sessionId" params={{ sessionId: call.conversation_id }}>
            {call.agent ? nameOf(call.agent) : t('history.open')}
          </Link>
        ) : (
          nameOf(call.agent) || '—'
        )}
      </td>
      <td>
        <Chip tone={call.state === 'ended' ? (good[call.outcome] ?? 'neg') : 'info'}>
          {call.state === 'ended' && call.outcome ? t(`outcome.${call.outcome}`) : t(`state.${call.state}`)}
        </Chip>
      </td>
      <td className={classes.figure}>{length === undefined ? '—' : format.clock(length)}</td>
      <td className={classes.end}>
        <Delete
          name={far}
          text={t('history.deleteCall')}
          list="calls"
          go={() => deleteCall(call.id)}
          disabled={call.state !== 'ended'}
        />
      </td>
    </tr>
  );
}

function Messages({ search, reset }: { search: PhoneSearch; reset(): void }) {
  const { t } = useTranslation('phone');
  const texts = useInfiniteQuery(textsQuery(search));
  const head = [t('column.when'), t('column.who'), t('column.message'), t('column.state')];
  return (
    <List
      query={texts}
      filtered={Boolean(search.q || search.direction)}
      reset={reset}
      head={head}
      label={t('history.messages')}
      row={(m) => <TextRow key={m.id} text={m} />}
    />
  );
}

const textTones: Partial<Record<string, Tone>> = {
  received: 'info',
  delivered: 'pos',
  undelivered: 'neg',
  failed: 'neg',
};
const textStates = ['received', 'queued', 'sending', 'sent', 'delivered', 'undelivered', 'failed'] as const;

function TextRow({ text }: { text: PhoneText }) {
  const { t } = useTranslation('phone');
  const format = useFormat();
  const known = textStates.find((s) => s === text.status);
  const far = text.direction === 'inbound' ? text.from : text.to;
  return (
    <tr>
      <td>{format.dateTime(text.created_at)}</td>
      <th scope="row">
        <strong>{far}</strong>
        <span className={classes.weak}>
          {t(`direction.${text.direction}`)} · {text.direction === 'inbound' ? text.to : text.from}
        </span>
      </th>
      <td className={classes.body}>
        {text.body}
        {text.conversation_id && (
          <Link
            to="/agents/voice-history/$sessionId"
            params={{ sessionId: text.conversation_id }}
            className={classes.weak}
          >
            {t('history.open')}
          </Link>
        )}
      </td>
      <td>
        <Chip tone={textTones[text.status] ?? 'plain'}>{known ? t(`textState.${known}`) : text.status}</Chip>
        {text.error && <span className={classes.weak}>{t('history.error', { code: text.error })}</span>}
      </td>
      <td className={classes.end}>
        <Delete name={far} text={t('history.deleteText')} list="messages" go={() => deleteText(text.id)} />
      </td>
    </tr>
  );
}

function Recordings() {
  const { t } = useTranslation('phone');
  const recordings = useInfiniteQuery(recordingsQuery());
  return (
    <>
      <p className={classes.hint}>{t('history.recordingsText')}</p>
      <List
        query={recordings}
        head={[t('column.when'), t('column.length'), t('column.sound')]}
        label={t('history.recordings')}
        row={(r) => <RecordingRow key={r.id} recording={r} />}
      />
    </>
  );
}

function RecordingRow({ recording }: { recording: PhoneRecording }) {
  const { t } = useTranslation('phone');
  const format = useFormat();
  return (
    <tr>
      <th scope="row">
        <strong>{format.dateTime(recording.created_at)}</strong>
        <code className={classes.weak}>{recording.carrier_id}</code>
      </th>
      <td className={classes.figure}>{format.clock(recording.duration_ms)}</td>
      <td>
        {/* biome-ignore lint/a11y/useMediaCaption: the words are on the conversation's page */}
        <audio
          controls
          preload="none"
          src={recording.url}
          aria-label={t('history.play', { at: format.dateTime(recording.created_at) })}
          className={classes.audio}
        />
      </td>
      <td className={classes.end}>
        <Delete
          name={format.dateTime(recording.created_at)}
          text={t('history.deleteRecording')}
          list="recordings"
          go={() => deleteRecording(recording.id)}
        />
      </td>
    </tr>
  );
}

interface DeleteProps {
  name: string;
  text: string;
  list: string;
  disabled?: boolean;
  go(): Promise<void>;
}

function Delete({ name, text, list, disabled, go }: DeleteProps) {
  const { t } = useTranslation('phone');
  const queries = useQueryClient();
  const [asking, ask] = useDisclosure(false);
  const removal = useMutation({
    mutationFn: go,
    onSuccess: () => {
      ask.close();
      return queries.invalidateQueries({ queryKey: ['phone', list] });
    },
  });
  return (
    <>
      <GuardedIcon
        needs="conversations:delete"
        variant="subtle"
        color="gray"
        aria-label={t('history.deleteOf', { name })}
        disabled={disabled}
        onClick={ask.open}
      >
        <IconTrash size={16} stroke={1.7} aria-hidden />
      </GuardedIcon>
      <Confirm
        opened={asking}
        title={t('history.deleteTitle')}
        text={text}
        confirm={t('history.delete')}
        pending={removal.isPending}
        error={removal.error}
        close={ask.close}
        go={() => removal.mutate()}
      />
    </>
  );
}
