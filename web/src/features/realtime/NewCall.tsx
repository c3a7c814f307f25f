import { Autocomplete, Checkbox, Group, NumberInput, Slider, Textarea } from '@mantine/core';
import { IconAlertTriangle, IconMicrophone, IconMicrophoneOff } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { type FormEvent, useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { ApiError } from '~/api/client';
import { GuardedButton } from '~/components/Guarded';
import page from '~/components/Page.module.css';
import { useFormat } from '~/components/useFormat';
import { useWords } from '~/components/useWords';
import { agentListQuery } from './api';
import classes from './NewCall.module.css';
import { type Field, fieldOf, type Modality, voices, type Wish } from './wish';

/** What clients of the clouds ask for by themselves: the server answers with its own agent. */
const cloudModel = 'gpt-4o-realtime-preview';

interface Props {
  wish: Wish;
  setWish(wish: Wish): void;
  start(microphone: boolean): void;
  /** Why the server refused the last try. */
  error?: unknown;
  /** It comes back after a call, and takes the focus. */
  again?: boolean;
}

/** What a call shall be. The server judges the values; what it refuses is said at the field that it names. */
export function NewCall({ wish, setWish, start, error, again }: Props) {
  const { t, i18n } = useTranslation('realtime');
  const agents = useQuery(agentListQuery());
  const form = useRef<HTMLFormElement>(null);
  const names = new Map(agents.data?.items.map((a) => [`agent:${a.reference}`, a.name]));
  if (agents.data) names.set(cloudModel, t('new.defaultAgent'));
  const field = fieldOf(error);
  const list = agents.data?.items;
  const first = (list?.find((a) => a.language.startsWith(i18n.language)) ?? list?.[0])?.reference;
  const set = (change: Partial<Wish>) => setWish({ ...wish, ...change });

  // The first agent to talk to is one that there is, and speaks the reader's language where there is one.
  const untouched = useRef(true);
  useEffect(() => {
    if (!first || !untouched.current || wish.model !== '') return;
    untouched.current = false;
    setWish({ ...wish, model: `agent:${first}` });
  }, [first, wish, setWish]);

  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    if (again) heading.current?.focus({ preventScroll: true });
  }, [again]);
  useEffect(() => {
    if (error) form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
  }, [error]);

  const wrong = (name: Field) =>
    name === field && error instanceof ApiError ? (
      <>
        {t(`field.${name}`)}
        <span className={classes.said}>{error.message}</span>
      </>
    ) : undefined;
  const submit = (e: FormEvent) => {
    e.preventDefault();
    start(true);
  };
  return (
    <form ref={form} className={`${page.card} ${classes.form}`} onSubmit={submit} noValidate>
      <h2 ref={heading} tabIndex={-1} className={classes.title}>
        {t('new.title')}
      </h2>
      <p className={classes.text}>{t('new.text')}</p>
      {error !== undefined && !field && <Refused error={error} />}
      <div className={classes.fields}>
        <Autocomplete
          label={t('new.model')}
          value={wish.model}
          onChange={(model) => set({ model })}
          description={names.get(wish.model)}
          inputWrapperOrder={['label', 'input', 'description', 'error']}
          data={[...names.keys()]}
          filter={({ options }) => options}
          renderOption={({ option }) => (
            <span className={classes.option}>
              {names.get(option.value)}
              <small>{option.value}</small>
            </span>
          )}
          error={wrong('model')}
          required
          withAsterisk={false}
          spellCheck={false}
        />
        <Autocomplete
          label={t('new.voice')}
          value={wish.voice}
          onChange={(voice) => set({ voice })}
          data={[...voices]}
          filter={({ options }) => options}
          renderOption={({ option }) => (
            <span className={classes.option}>
              {option.value}
              <small>{t(`voice.${option.value as (typeof voices)[number]}`)}</small>
            </span>
          )}
          error={wrong('voice')}
          spellCheck={false}
        />
        <Textarea
          label={t('new.instructions')}
          placeholder={t('new.instructionsHint')}
          value={wish.instructions}
          onChange={(e) => set({ instructions: e.currentTarget.value })}
          rows={3}
          resize="vertical"
          error={wrong('instructions')}
        />
        <Temperature wish={wish} set={set} error={wrong('temperature')} />
        <div className={classes.pair}>
          <Checkbox.Group
            label={t('new.modalities')}
            value={wish.modalities}
            onChange={(list) =>
              set({ modalities: (['text', 'audio'] as const).filter((m) => list.includes(m)) as Modality[] })
            }
            error={wrong('modalities')}
          >
            <Group gap={16} className={classes.checks}>
              <Checkbox size="sm" value="audio" label={t('new.audio')} />
              <Checkbox size="sm" value="text" label={t('new.textOut')} />
            </Group>
          </Checkbox.Group>
          <NumberInput
            label={t('new.maxTokens')}
            placeholder={t('new.noLimit')}
            value={wish.maxTokens}
            onChange={(v) => set({ maxTokens: typeof v === 'number' ? v : '' })}
            allowDecimal={false}
            hideControls
            error={wrong('maxTokens')}
          />
        </div>
      </div>
      <div className={classes.foot}>
        <p className={classes.note}>{t('new.microphone')}</p>
        <GuardedButton
          needs="talk"
          type="submit"
          fullWidth
          leftSection={<IconMicrophone size={17} stroke={1.8} aria-hidden />}
        >
          {t('new.create')}
        </GuardedButton>
        <GuardedButton
          needs="talk"
          fullWidth
          variant="subtle"
          leftSection={<IconMicrophoneOff size={16} stroke={1.8} aria-hidden />}
          onClick={() => start(false)}
        >
          {t('new.withoutMic')}
        </GuardedButton>
      </div>
    </form>
  );
}

interface TemperatureProps {
  wish: Wish;
  set(change: Partial<Wish>): void;
  error?: React.ReactNode;
}

/** A slider for the range that the API takes, and a field for those who do not drag. */
function Temperature({ wish, set, error }: TemperatureProps) {
  const { t } = useTranslation('realtime');
  const format = useFormat();
  const label = t('new.temperature');
  return (
    <div className={classes.temperature}>
      <NumberInput
        label={label}
        value={wish.temperature}
        onChange={(v) => set({ temperature: typeof v === 'number' ? v : '' })}
        step={0.1}
        decimalScale={2}
        decimalSeparator={format.decimal}
        allowedDecimalSeparators={['.', ',']}
        error={error}
        classNames={{ root: classes.number, label: classes.label, error: classes.wide }}
      />
      <div className={classes.slide}>
        <Slider
          value={wish.temperature === '' ? 0.8 : wish.temperature}
          onChange={(temperature) => set({ temperature })}
          min={0.6}
          max={1.2}
          step={0.05}
          label={null}
          thumbLabel={label}
        />
        <span className={classes.ends} aria-hidden>
          <span>{t('new.steady')}</span>
          <span>{t('new.lively')}</span>
        </span>
      </div>
    </div>
  );
}

/** What no field of the form is to blame for. */
function Refused({ error }: { error: unknown }) {
  const { t } = useTranslation('realtime');
  const words = useWords();
  const offer = error instanceof ApiError && error.field === 'sdp';
  return (
    <p className={classes.refused} role="alert">
      <IconAlertTriangle size={16} stroke={1.9} aria-hidden />
      <span>
        {offer ? t('field.sdp') : t('new.refused')}{' '}
        {error instanceof ApiError ? words.error(error.code, error.message, error.params) : String(error)}
      </span>
    </p>
  );
}
