import { Button, Checkbox, NativeSelect, Skeleton, Slider, Textarea, TextInput } from '@mantine/core';
import { IconSearch } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Voice, VoiceList } from '~/api/agents';
import { LoadFailed } from '~/components/LoadFailed';
import { useFormat } from '~/components/useFormat';
import { Chip } from '~/ui/Chip';
import { type VoiceFilter, voicesQuery } from './api';
import { automatic, fits, voiceKey, withLanguage, withVoice } from './form';
import { fieldId, type StepProps } from './step';
import { useSample } from './useSample';
import { AutomaticVoice, VoiceCard } from './VoiceCard';
import classes from './Wizard.module.css';

/** Cards that are shown at first. */
const some = 24;
const base = (tag: string) => tag.split('-')[0] ?? tag;

/** The voice: each choice narrows the next, and says how many are left. */
export function StepVoice({ form, edit, lacks }: StepProps) {
  const { t, i18n } = useTranslation('agents');
  const format = useFormat();
  const [filter, setFilter] = useState<VoiceFilter>({
    locale: form.language.includes('-') ? form.language : undefined,
    available: 'true',
  });
  const [words, setWords] = useState('');
  const [text, setText] = useState('');
  const [all, setAll] = useState(false);
  const sample = useSample();
  const model = form.model === '' || form.model === automatic ? undefined : form.model;
  const language = form.language === '' ? undefined : base(form.language);
  const voices = useQuery(
    voicesQuery({ ...filter, model: form.modelKind === 's2s' ? model : undefined, language }, i18n.language),
  );
  if (voices.isError && !voices.data) return <LoadFailed error={voices.error} retry={() => void voices.refetch()} />;
  if (!voices.data) return <Skeleton height={420} radius="lg" />;
  const { facets, relax } = voices.data;
  const fitting = voices.data.items.filter((v) => fits(v, form.modelKind));
  const found = fitting.filter((v) => matches(v, words));
  const shown = all ? found : found.slice(0, some);
  const pick = (voice: Voice) => edit((f) => withVoice(f, voice));
  return (
    <div aria-busy={voices.isPlaceholderData}>
      <div className={classes.selects}>
        <NativeSelect
          id={fieldId('language')}
          label={t('wizard.voice.language')}
          required
          error={lacks('language')}
          value={language ?? ''}
          onChange={(e) => {
            const chosen = e.currentTarget.value;
            setFilter({ available: filter.available });
            edit((f) => withLanguage(f, chosen));
          }}
          data={[
            { value: '', label: t('wizard.voice.choose'), disabled: true },
            ...options(facets.language, language, (v) => format.language(v)),
          ]}
        />
        <NativeSelect
          label={t('wizard.voice.region')}
          value={filter.locale ?? ''}
          onChange={(e) => {
            const locale = e.currentTarget.value || undefined;
            setFilter({ ...filter, locale });
            if (locale) edit((f) => withLanguage(f, locale));
          }}
          data={[
            { value: '', label: t('filter.allLanguages') },
            ...options(facets.locale, filter.locale, (v) => format.language(v)),
          ]}
        />
        <NativeSelect
          label={t('wizard.voice.gender')}
          value={filter.gender ?? ''}
          onChange={(e) =>
            setFilter({ ...filter, gender: (e.currentTarget.value || undefined) as VoiceFilter['gender'] })
          }
          data={[
            { value: '', label: t('filter.all') },
            ...options(facets.gender, filter.gender, (v) => t(`wizard.voice.genders.${v as 'female'}`)),
          ]}
        />
        <NativeSelect
          label={t('wizard.voice.type')}
          value={filter.type ?? ''}
          onChange={(e) => setFilter({ ...filter, type: (e.currentTarget.value || undefined) as VoiceFilter['type'] })}
          data={[
            { value: '', label: t('filter.all') },
            ...options(facets.type, filter.type, (v) => t(`wizard.voice.types.${v as 'local'}`)),
          ]}
        />
      </div>
      <div className={classes.voicesHead}>
        <h3>
          {t('voice')}
          <Chip small>{t('wizard.voice.count', { count: found.length })}</Chip>
        </h3>
        <Checkbox
          size="sm"
          label={t('wizard.voice.readyOnly')}
          checked={filter.available === 'true'}
          onChange={(e) => setFilter({ ...filter, available: e.currentTarget.checked ? 'true' : undefined })}
        />
        <TextInput
          type="search"
          size="xs"
          aria-label={t('wizard.voice.search')}
          placeholder={t('wizard.voice.search')}
          leftSection={<IconSearch size={14} stroke={1.8} aria-hidden />}
          value={words}
          onChange={(e) => setWords(e.currentTarget.value)}
        />
      </div>
      {lacks('voice') && <p className={classes.lack}>{lacks('voice')}</p>}
      <div id={fieldId('voice')} role="radiogroup" aria-label={t('voice')} className={classes.cards}>
        <AutomaticVoice
          realtime={form.modelKind === 's2s'}
          chosen={form.voice === automatic}
          choose={() => edit({ voice: automatic })}
        />
        {shown.map((v) => (
          <VoiceCard
            key={voiceKey(v)}
            voice={v}
            chosen={voiceKey(v) === form.voice}
            choose={() => pick(v)}
            sample={sample}
            text={text}
            language={form.language}
          />
        ))}
      </div>
      {found.length === 0 && <Nothing relax={relax} drop={(name) => setFilter({ ...filter, [name]: undefined })} />}
      {shown.length < found.length && (
        <div className={classes.more}>
          <Button variant="default" onClick={() => setAll(true)}>
            {t('wizard.voice.showAll', { count: found.length })}
          </Button>
        </div>
      )}
      <div className={classes.rate}>
        <Textarea
          label={t('wizard.voice.sample')}
          description={t('wizard.voice.sampleHelp')}
          placeholder={voices.data.sample_text}
          maxLength={200}
          autosize
          minRows={2}
          value={text}
          onChange={(e) => setText(e.currentTarget.value)}
        />
      </div>
      {form.modelKind !== 's2s' && (
        <div className={classes.rate}>
          <label htmlFor="voice-rate" className={classes.over}>
            <span>{t('wizard.voice.rate')}</span>
            <b>{t('wizard.voice.times', { value: format.number(form.rate) })}</b>
          </label>
          <Slider
            id="voice-rate"
            thumbLabel={t('wizard.voice.rate')}
            label={null}
            min={0.5}
            max={2}
            step={0.05}
            value={form.rate}
            onChange={(rate) => edit({ rate })}
          />
        </div>
      )}
    </div>
  );
}

/** What a select offers, each with the number of voices it leaves. What is chosen stays, whatever it leaves. */
function options(counts: VoiceList['facets']['language'], chosen: string | undefined, name: (value: string) => string) {
  const missing = chosen !== undefined && !counts.some((c) => c.value === chosen);
  return [...counts, ...(missing ? [{ value: chosen, count: 0 }] : [])]
    .map(({ value, count }) => ({ value, label: `${name(value)} (${count})` }))
    .sort((a, b) => a.label.localeCompare(b.label));
}

const plain = (s: string) =>
  s
    .normalize('NFD')
    .replaceAll(/\p{Mn}/gu, '')
    .toLowerCase();

function matches(voice: Voice, words: string): boolean {
  const text = plain(`${voice.name} ${voice.id} ${voice.summary} ${voice.provider_name} ${voice.quality}`);
  return plain(words)
    .split(/\s+/)
    .every((w) => text.includes(w));
}

const droppable = ['locale', 'gender', 'type', 'available'] as const;

/** No voice: which choice to take back, and how many there are then. */
function Nothing({ relax, drop }: { relax: VoiceList['relax']; drop(name: (typeof droppable)[number]): void }) {
  const { t } = useTranslation('agents');
  const ways = relax.flatMap((r) => {
    const name = droppable.find((d) => d === r.drop);
    return name ? [{ name, count: r.count }] : [];
  });
  return (
    <div className={classes.more} role="status">
      <span>{t('wizard.voice.nothing')}</span>
      {ways.slice(0, 2).map(({ name, count }) => (
        <Button key={name} size="compact-sm" variant="light" onClick={() => drop(name)}>
          {t(`wizard.voice.relax.${name}`, { count })}
        </Button>
      ))}
    </div>
  );
}
