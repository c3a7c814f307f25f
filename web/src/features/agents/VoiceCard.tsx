import { Button } from '@mantine/core';
import { IconCheck, IconPlayerPlay, IconPlayerStop } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import type { Voice } from '~/api/agents';
import { useFormat } from '~/components/useFormat';
import { useProviderName } from '~/components/useProviderName';
import { useWords } from '~/components/useWords';
import { Chip } from '~/ui/Chip';
import { Orb } from '~/ui/Orb';
import { Why } from './StepModel';
import { type Sample, sampleAddress } from './useSample';
import classes from './Wizard.module.css';

interface Props {
  voice: Voice;
  chosen: boolean;
  choose(): void;
  sample: Sample;
  /** What a sample says; empty for the server's own sentence. */
  text: string;
  language: string;
}

export function VoiceCard({ voice, chosen, choose, sample, text, language }: Props) {
  const { t } = useTranslation('agents');
  const providerName = useProviderName();
  const format = useFormat();
  const words = useWords();
  const about = [voice.locale ? format.language(voice.locale) : t('wizard.voice.everyLanguage')];
  if (voice.gender !== 'unknown') about.push(t(`wizard.voice.genders.${voice.gender}`));
  const address = voice.sample && sampleAddress(voice.sample, text, voice.locale ? '' : language);
  const playing = address !== undefined && sample.playing === address;
  return (
    <div className={classes.choice} data-chosen={chosen || undefined} data-off={!voice.available || undefined}>
      <label className={classes.choiceLabel}>
        <span className={classes.choiceHead}>
          <input
            type="radio"
            name="voice"
            className={classes.choiceInput}
            checked={chosen}
            disabled={!voice.available && !chosen}
            onChange={choose}
          />
          <Orb name={voice.name} size={34} />
          <span className={classes.choiceNames}>
            <b>{voice.name}</b>
            <span>{about.join(' · ')}</span>
          </span>
          {chosen && (
            <span className={classes.tick}>
              <IconCheck size={13} stroke={3} aria-hidden />
            </span>
          )}
        </span>
        {voice.summary && <span className={classes.choiceText}>{voice.summary}</span>}
        {!voice.available && <Why model={voice} />}
        <span className={classes.chips}>
          <Chip small tone="brand">
            {voice.quality || t(`wizard.voice.types.${voice.type}`)}
          </Chip>
          <Chip small>{providerName(voice.provider, voice.provider_name)}</Chip>
        </span>
      </label>
      {address && (
        <Button
          className={classes.listen}
          size="compact-sm"
          variant={playing ? 'filled' : 'default'}
          loading={playing && sample.loading}
          leftSection={
            playing ? (
              <IconPlayerStop size={14} stroke={2} aria-hidden />
            ) : (
              <IconPlayerPlay size={14} stroke={2} aria-hidden />
            )
          }
          aria-label={t(playing ? 'wizard.voice.stopOf' : 'wizard.voice.listenTo', { name: voice.name })}
          onClick={() => sample.toggle(address)}
        >
          {t(playing ? 'wizard.voice.stop' : 'wizard.voice.listen')}
        </Button>
      )}
      {sample.error && sample.error.of === address && (
        <p className={classes.listen} role="alert">
          {words.error(sample.error.problem.code, sample.error.problem.message, sample.error.problem.params)}
        </p>
      )}
    </div>
  );
}

/** The server's own choice for the language. */
export function AutomaticVoice({ realtime, chosen, choose }: { realtime: boolean; chosen: boolean; choose(): void }) {
  const { t } = useTranslation('agents');
  return (
    <div className={classes.choice} data-chosen={chosen || undefined}>
      <label className={classes.choiceLabel}>
        <span className={classes.choiceHead}>
          <input type="radio" name="voice" className={classes.choiceInput} checked={chosen} onChange={choose} />
          <span className={classes.choiceNames}>
            <b>{t('automatic')}</b>
          </span>
          {chosen && (
            <span className={classes.tick}>
              <IconCheck size={13} stroke={3} aria-hidden />
            </span>
          )}
        </span>
        <span className={classes.choiceText}>
          {t(realtime ? 'wizard.voice.automaticOfModel' : 'wizard.voice.automatic')}
        </span>
      </label>
    </div>
  );
}
