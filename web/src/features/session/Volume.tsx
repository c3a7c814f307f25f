import { ActionIcon, Popover, Slider } from '@mantine/core';
import { IconVolume, IconVolume2, IconVolume3 } from '@tabler/icons-react';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '~/components/useFormat';
import type { LiveClient } from '~/live/client';
import classes from './Volume.module.css';

/** How loud the agent is on this page. */
export function Volume({ client }: { client: LiveClient }) {
  const { t } = useTranslation('session');
  const format = useFormat();
  const [volume, setVolume] = useState(1);
  useEffect(() => client.setVolume(volume), [client, volume]);
  const Icon = volume === 0 ? IconVolume3 : volume < 0.5 ? IconVolume2 : IconVolume;
  return (
    <Popover position="top" withArrow shadow="md" trapFocus>
      <Popover.Target>
        <ActionIcon variant="default" size={44} radius="xl" aria-label={t('sound.volume')}>
          <Icon size={19} stroke={1.8} aria-hidden />
        </ActionIcon>
      </Popover.Target>
      <Popover.Dropdown className={classes.box} aria-label={t('sound.volume')}>
        <Slider
          value={volume}
          onChange={setVolume}
          min={0}
          max={1}
          step={0.05}
          label={(v) => format.percent(v)}
          thumbLabel={t('sound.volume')}
          thumbProps={{ 'aria-valuetext': t('sound.value', { percent: format.percent(volume) }) }}
        />
      </Popover.Dropdown>
    </Popover>
  );
}
