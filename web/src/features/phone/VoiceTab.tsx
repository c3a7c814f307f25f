import { Button, FileButton, NativeSelect, SegmentedControl, Slider, Switch, Textarea } from '@mantine/core';
import { IconDownload, IconFileMusic, IconMicrophone, IconPlayerStopFilled, IconVolume } from '@tabler/icons-react';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { GuardedButton } from '~/components/Guarded';
import { Problem } from '~/components/Problem';
import { useFormat } from '~/components/useFormat';
import { download } from '~/lib/download';
import { languages } from '~/lib/language';
import { askForMicrophone } from '~/live/microphone';
import { MicrophoneError } from '~/live/ports';
import { readersQuery, type Speech, speak, transcribe } from './api';
import { Card } from './Card';
import classes from './phone.module.css';
import { toWav } from './sound';

/** Text to speech and speech to text, tried out once. */
export function VoiceTab() {
  return (
    <div className={classes.halves}>
      <Speak />
      <Listen />
    </div>
  );
}

const base = (tag: string) => tag.split('-')[0] ?? tag;

function Speak() {
  const { t, i18n } = useTranslation('phone');
  const format = useFormat();
  const voices = useQuery(readersQuery(i18n.language));
  const [language, setLanguage] = useState<string>();
  const [voice, setVoice] = useState('');
  const [text, setText] = useState<string>();
  const [ssml, setSsml] = useState(false);
  const [rate, setRate] = useState(1);
  const [pitch, setPitch] = useState(0);
  const [sound, setSound] = useState<string>();
  /** What was made into the sound. */
  const [said, setSaid] = useState<Speech>();
  useEffect(() => () => void (sound && URL.revokeObjectURL(sound)), [sound]);
  const all = voices.data?.items ?? [];
  const spoken = [...new Set(all.map((v) => base(v.locale)).filter(Boolean))].sort();
  const wanted = language ?? (spoken.includes(i18n.language) ? i18n.language : (spoken[0] ?? ''));
  const fitting = all.filter((v) => v.locale === '' || base(v.locale) === wanted);
  const chosen = fitting.find((v) => `${v.provider}/${v.id}` === voice) ?? fitting[0];
  const words = text ?? (ssml ? t('speak.sampleSsml') : (voices.data?.text ?? ''));
  const make = useMutation({
    mutationFn: speak,
    onSuccess: (wav, speech) => {
      setSound(URL.createObjectURL(wav));
      setSaid(speech);
    },
  });
  const pack = useMutation({
    mutationFn: (speech: Speech) => speak({ ...speech, format: 'mp3' }),
    onSuccess: (mp3) => download(mp3, `${t('speak.file')}.mp3`),
  });
  return (
    <Card title={t('speak.title')} text={t('speak.text')}>
      <form
        className={classes.form}
        onSubmit={(e) => {
          e.preventDefault();
          if (!chosen || words.trim() === '') return;
          pack.reset();
          make.mutate({ provider: chosen.provider, voice: chosen.id, text: words, ssml, rate, pitch });
        }}
      >
        <Textarea
          label={ssml ? t('speak.ssmlWords') : t('speak.words')}
          autosize
          minRows={4}
          maxRows={14}
          maxLength={5000}
          value={words}
          classNames={ssml ? { input: classes.code } : undefined}
          onChange={(e) => setText(e.currentTarget.value)}
        />
        <Switch
          label="SSML"
          description={t('speak.ssmlHelp')}
          checked={ssml}
          onChange={(e) => {
            setSsml(e.currentTarget.checked);
            setText(undefined);
          }}
        />
        <div className={classes.pair}>
          <NativeSelect
            label={t('language')}
            value={wanted}
            onChange={(e) => setLanguage(e.currentTarget.value)}
            data={spoken.map((l) => ({ value: l, label: format.language(l) }))}
          />
          <NativeSelect
            label={t('speak.voice')}
            value={chosen ? `${chosen.provider}/${chosen.id}` : ''}
            onChange={(e) => setVoice(e.currentTarget.value)}
            data={fitting.map((v) => ({ value: `${v.provider}/${v.id}`, label: `${v.name} · ${v.provider_name}` }))}
          />
        </div>
        <div className={classes.pair}>
          <div className={classes.slider}>
            <span>
              {t('speak.rate')} <b>{t('speak.times', { factor: format.number(rate) })}</b>
            </span>
            <Slider
              thumbLabel={t('speak.rate')}
              label={null}
              min={0.5}
              max={2}
              step={0.05}
              value={rate}
              onChange={setRate}
            />
          </div>
          <div className={classes.slider}>
            <span>
              {t('speak.pitch')} <b>{t('speak.semitones', { count: pitch, value: format.number(pitch) })}</b>
            </span>
            <Slider
              thumbLabel={t('speak.pitch')}
              label={null}
              min={-6}
              max={6}
              step={0.5}
              value={pitch}
              onChange={setPitch}
            />
          </div>
        </div>
        {voices.isSuccess && all.length === 0 && <p className={classes.hint}>{t('speak.noVoice')}</p>}
        <Problem error={make.error ?? pack.error ?? voices.error} />
        <div className={classes.buttons}>
          <GuardedButton
            needs="talk"
            type="submit"
            loading={make.isPending}
            disabled={!chosen || words.trim() === ''}
            leftSection={<IconVolume size={17} stroke={1.9} aria-hidden />}
          >
            {t('speak.go')}
          </GuardedButton>
          {sound && (
            <Button
              component="a"
              href={sound}
              download={`${t('speak.file')}.wav`}
              variant="default"
              leftSection={<IconDownload size={16} stroke={1.9} aria-hidden />}
            >
              {t('speak.download', { format: 'WAV' })}
            </Button>
          )}
          {said && (
            <Button
              variant="default"
              loading={pack.isPending}
              leftSection={<IconDownload size={16} stroke={1.9} aria-hidden />}
              onClick={() => pack.mutate(said)}
            >
              {t('speak.download', { format: 'MP3' })}
            </Button>
          )}
        </div>
        {sound && (
          // biome-ignore lint/a11y/useMediaCaption: the words are in the field above
          <audio controls autoPlay src={sound} aria-label={t('speak.heard')} className={classes.audio} />
        )}
      </form>
    </Card>
  );
}

const recordMost = 60_000; // ms

function Listen() {
  const { t, i18n } = useTranslation('phone');
  const format = useFormat();
  const [language, setLanguage] = useState<string>(i18n.language);
  const [from, setFrom] = useState('microphone');
  const recorder = useRef<MediaRecorder>(null);
  const [recording, setRecording] = useState(false);
  const [failed, setFailed] = useState<string>();
  const write = useMutation({
    mutationFn: async (file: Blob) => {
      let wav: Blob;
      try {
        wav = await toWav(file);
      } catch {
        throw new Error(t('listen.noSound'));
      }
      return transcribe(wav, language);
    },
  });
  useEffect(() => () => recorder.current?.stream.getTracks().forEach((track) => track.stop()), []);
  const start = async () => {
    setFailed(undefined);
    try {
      const stream = await askForMicrophone();
      const tape = new MediaRecorder(stream);
      const parts: Blob[] = [];
      tape.ondataavailable = (e) => parts.push(e.data);
      tape.onstop = () => {
        for (const track of stream.getTracks()) track.stop();
        setRecording(false);
        if (parts.length > 0) write.mutate(new Blob(parts, { type: tape.mimeType }));
      };
      recorder.current = tape;
      tape.start();
      setRecording(true);
      setTimeout(() => tape.state === 'recording' && tape.stop(), recordMost);
    } catch (cause) {
      setFailed(
        t(cause instanceof MicrophoneError && cause.fault === 'denied' ? 'listen.denied' : 'listen.noMicrophone'),
      );
    }
  };
  const wrong = failed ?? (write.error && !('code' in write.error) ? write.error.message : undefined);
  return (
    <Card title={t('listen.title')} text={t('listen.text')}>
      <div className={classes.form}>
        <div className={classes.pair}>
          <SegmentedControl
            aria-label={t('listen.from')}
            value={from}
            onChange={setFrom}
            data={[
              { value: 'microphone', label: t('listen.microphone') },
              { value: 'file', label: t('listen.file') },
            ]}
          />
          <NativeSelect
            aria-label={t('language')}
            value={language}
            onChange={(e) => setLanguage(e.currentTarget.value)}
            data={languages.map((l) => ({ value: l, label: format.language(l) }))}
          />
        </div>
        <div className={classes.buttons}>
          {from === 'file' && (
            <FileButton accept="audio/*,video/*" onChange={(file) => file && write.mutate(file)}>
              {(props) => (
                <GuardedButton
                  {...props}
                  needs="talk"
                  loading={write.isPending}
                  leftSection={<IconFileMusic size={17} stroke={1.9} aria-hidden />}
                >
                  {t('listen.choose')}
                </GuardedButton>
              )}
            </FileButton>
          )}
          {from === 'microphone' && !recording && (
            <GuardedButton
              needs="talk"
              loading={write.isPending}
              leftSection={<IconMicrophone size={17} stroke={1.9} aria-hidden />}
              onClick={() => void start()}
            >
              {t('listen.start')}
            </GuardedButton>
          )}
          {recording && (
            <Button
              className={classes.stop}
              leftSection={<IconPlayerStopFilled size={16} aria-hidden />}
              onClick={() => recorder.current?.stop()}
            >
              {t('listen.stop')}
            </Button>
          )}
          {recording && <output className={classes.hintInline}>{t('listen.recording')}</output>}
        </div>
        {wrong ? (
          <p className={classes.wrong} role="alert">
            {wrong}
          </p>
        ) : (
          <Problem error={write.error} />
        )}
        <div className={classes.heard} role="status" aria-label={t('listen.result')}>
          {write.data && write.data.text !== '' && <p>{write.data.text}</p>}
          {write.data && write.data.text === '' && <p className={classes.hintInline}>{t('listen.nothing')}</p>}
          {!write.data && <p className={classes.hintInline}>{t('listen.waiting')}</p>}
          {write.data && (
            <small>
              {t('listen.by', {
                recogniser: write.data.recogniser,
                sound: format.seconds(write.data.duration_ms),
                took: format.seconds(write.data.took_ms),
              })}
            </small>
          )}
        </div>
      </div>
    </Card>
  );
}
