import { Skeleton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { ConversationDetail } from '~/api/client';
import { LatencyPanel } from '~/components/LatencyPanel';
import { LoadFailed } from '~/components/LoadFailed';
import { callQuery } from './api';
import { CallHeader } from './CallHeader';
import classes from './CallPage.module.css';
import { CallSummary } from './CallSummary';
import { CallTranscript } from './CallTranscript';
import { EarPanel } from './EarPanel';
import { beginOf, transcriptOf, turnAt, turnsOf } from './lines';
import { Usage } from './Usage';

interface Props {
  id: string;
  /** Where to begin, in ms from the start. */
  from?: number;
  setFrom(ms: number): void;
}

/** One conversation as it was: words, sound and timers on one axis. */
export function CallPage({ id, from, setFrom }: Props) {
  const { t } = useTranslation();
  const call = useQuery(callQuery(id));
  if (call.data) return <Loaded call={call.data} from={from} setFrom={setFrom} />;
  if (call.isError) return <LoadFailed page error={call.error} retry={() => void call.refetch()} />;
  return (
    <div className={classes.waiting} role="status" aria-label={t('loading')}>
      <Skeleton height={62} radius={0} />
      <Skeleton height={420} radius="lg" />
    </div>
  );
}

function Loaded({ call, from, setFrom }: { call: ConversationDetail; from?: number; setFrom(ms: number): void }) {
  const { t } = useTranslation('common');
  const [current, setCurrent] = useState<string>();
  const [picked, setPicked] = useState<number>();
  // What is heard decides, unless it belongs to no turn.
  const turn = turnAt(call, current) ?? picked;
  const pick = (n: number) => {
    setPicked(n);
    const begin = beginOf(call, n);
    if (begin !== undefined) setFrom(begin);
  };
  return (
    <div className={classes.call}>
      <CallHeader call={call} />
      <div className={classes.body}>
        <CallTranscript
          call={call}
          lines={transcriptOf(call.transcript)}
          from={from}
          setFrom={setFrom}
          setCurrent={setCurrent}
        />
        <aside className={classes.side} aria-label={t('turns.title')}>
          <CallSummary call={call} />
          {call.channel !== 'text' && ( // else nothing was to be heard
            <>
              <LatencyPanel turns={turnsOf(call)} empty={t('turns.none')} selected={turn} onSelect={pick} />
              <EarPanel call={call} selected={turn} seek={setFrom} />
            </>
          )}
          <Usage call={call} />
        </aside>
      </div>
    </div>
  );
}
