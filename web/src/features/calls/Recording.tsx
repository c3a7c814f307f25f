import { ActionIcon, NativeSelect, Skeleton, useComputedColorScheme } from '@mantine/core';
import { IconDownload, IconPlayerPauseFilled, IconPlayerPlayFilled } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useRef } from 'react';
import { useTranslation } from 'react-i18next';
import type { ConversationDetail } from '~/api/client';
import { useFormat } from '~/components/useFormat';
import { peaksQuery } from './api';
import type { Span } from './lines';
import classes from './Recording.module.css';
import { Timeline } from './Timeline';
import { type Player, usePlaying, useWaveform } from './usePlayer';

interface Props {
  id: string;
  url: string;
  player: Player;
  spans: readonly Span[];
  ear?: ConversationDetail['ear'];
}

const rates = ['0.75', '1', '1.25', '1.5', '2'];

/** The recording: both voices, who spoke when, and the place where one is. */
export function Recording({ id, url, player, spans, ear }: Props) {
  const { t } = useTranslation('calls');
  const format = useFormat();
  const peaks = useQuery(peaksQuery(id));
  const box = useRef<HTMLDivElement>(null);
  const theme = useComputedColorScheme('light');
  useWaveform(box, player, peaks.data, theme);
  const { at, duration, playing, failed } = usePlaying(player);
  const text = t('recording.positionText', { time: format.clock(at), total: format.clock(duration) });
  return (
    <section className={classes.recording} aria-label={t('recording.label')}>
      {failed && (
        <p className={classes.failed} role="alert">
          {t('recording.failed')}
        </p>
      )}
      <div className={classes.row}>
        <button
          type="button"
          className={classes.play}
          aria-label={playing ? t('recording.pause') : t('recording.play')}
          onClick={player.toggle}
        >
          {playing ? <IconPlayerPauseFilled size={20} aria-hidden /> : <IconPlayerPlayFilled size={20} aria-hidden />}
        </button>
        <div className={classes.wave}>
          <div className={classes.names} aria-hidden>
            <span data-who="user">{t('recording.caller')}</span>
            <span data-who="agent">{t('recording.agent')}</span>
          </div>
          <div className={classes.box}>
            {peaks.isPending && <Skeleton height={88} />}
            <div ref={box} aria-hidden />
            <Timeline spans={spans} duration={duration} ear={ear} seek={player.seek} />
          </div>
        </div>
      </div>
      <div className={classes.row}>
        <span className={classes.time}>{text}</span>
        <input
          className={classes.range}
          type="range"
          min={0}
          max={Math.round(duration)}
          step={100}
          value={Math.round(at)}
          aria-label={t('recording.position')}
          aria-valuetext={text}
          onChange={(e) => player.seek(e.currentTarget.valueAsNumber)}
        />
        <NativeSelect
          size="xs"
          aria-label={t('recording.speed')}
          defaultValue="1"
          data={rates.map((r) => ({ value: r, label: `${format.number(Number(r))}×` }))}
          onChange={(e) => player.setRate(Number(e.currentTarget.value))}
        />
        <ActionIcon component="a" href={url} download variant="default" size={32} aria-label={t('recording.download')}>
          <IconDownload size={17} stroke={1.8} aria-hidden />
        </ActionIcon>
      </div>
    </section>
  );
}
