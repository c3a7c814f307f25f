import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import page from '~/components/Page.module.css';
import { PageTitle } from '~/components/PageTitle';
import { askForMicrophone } from '~/live/microphone';
import { usePeerCall } from '~/live/usePeerCall';
import { portsOf, type RealtimeSearch } from './api';
import { CallDetail } from './CallDetail';
import { CallList } from './CallList';
import { ClientCode } from './ClientCode';
import { Freshness } from './Freshness';
import { LivePanel } from './LivePanel';
import { NewCall } from './NewCall';
import classes from './RealtimePage.module.css';
import { Stats } from './Stats';
import { firstWish, sessionOf } from './wish';

interface Props {
  search: RealtimeSearch;
  go(search: RealtimeSearch): void;
}

/** Calls over WebRTC: open one here, see all of them, take the code. */
export function RealtimePage({ search, go }: Props) {
  const { t } = useTranslation('realtime');
  const [wish, setWish] = useState(firstWish);
  const peer = usePeerCall();
  const audio = useRef<HTMLAudioElement>(null);
  const { state, id: own } = peer.view;

  // What this page did is seen in its lists at once.
  const queries = useQueryClient();
  const stage = `${own} ${state.name}`;
  useEffect(() => {
    if (stage) void queries.invalidateQueries({ queryKey: ['realtime'] });
  }, [queries, stage]);

  const start = (microphone: boolean) =>
    peer.start(
      microphone,
      portsOf(sessionOf(wish), {
        askForMicrophone,
        play: async (stream) => {
          if (!audio.current) return;
          audio.current.srcObject = stream;
          await audio.current.play();
        },
        silence: () => {
          if (audio.current) audio.current.srcObject = null;
        },
      }),
    );
  const refused = state.name === 'failed' && state.code === 'create';
  return (
    <div className={page.page}>
      <div className={page.head}>
        <div>
          <PageTitle subtitle={t('subtitle')}>{t('title')}</PageTitle>
        </div>
        <Freshness />
      </div>
      <Stats />
      <div className={classes.columns}>
        <div className={classes.main}>
          {search.call ? (
            <CallDetail key={search.call} id={search.call} own={own} back={() => go({ ...search, call: undefined })} />
          ) : (
            <CallList search={search} own={own} go={go} />
          )}
          <ClientCode session={sessionOf(wish)} />
        </div>
        <aside className={classes.side} aria-label={t('new.title')}>
          {state.name === 'idle' || refused ? (
            <NewCall
              wish={wish}
              setWish={setWish}
              start={start}
              error={refused ? state.error : undefined}
              again={peer.again && !refused}
            />
          ) : (
            <LivePanel peer={peer} start={start} open={(call) => go({ ...search, call })} />
          )}
        </aside>
      </div>
      {/* biome-ignore lint/a11y/useMediaCaption: live speech; what is said is written in the panel */}
      <audio ref={audio} hidden />
    </div>
  );
}
