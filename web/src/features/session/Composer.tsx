import { ActionIcon, Button, TextInput } from '@mantine/core';
import { IconDialpad, IconSend2 } from '@tabler/icons-react';
import { type FormEvent, useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Agent } from '~/api/client';
import type { LiveClient } from '~/live/client';
import classes from './Composer.module.css';
import { Keypad } from './Keypad';

/** Writing and keys: always there, and the way to speak where no microphone or recogniser is. */
export function Composer({ agent, client }: { agent: Agent; client: LiveClient }) {
  const { t } = useTranslation('session');
  const [text, setText] = useState('');
  const [keys, setKeys] = useState(false);
  const field = useRef<HTMLInputElement>(null);

  useEffect(() => {
    if (!agent.listens) field.current?.focus();
  }, [agent.listens]);

  const send = (e: FormEvent) => {
    e.preventDefault();
    const words = text.trim();
    if (!words) return;
    client.sendText(words);
    setText('');
  };
  return (
    <div className={classes.composer}>
      <form className={classes.form} onSubmit={send}>
        <TextInput
          ref={field}
          className={classes.field}
          size="md"
          value={text}
          maxLength={2000}
          autoComplete="off"
          aria-label={t('text.label')}
          placeholder={t('text.placeholder', { name: agent.name })}
          onChange={(e) => setText(e.currentTarget.value)}
        />
        <ActionIcon type="submit" size={42} variant={text.trim() ? 'filled' : 'default'} aria-label={t('text.send')}>
          <IconSend2 size={19} stroke={1.8} aria-hidden />
        </ActionIcon>
      </form>
      <Button
        className={classes.keys}
        variant="default"
        leftSection={<IconDialpad size={18} stroke={1.8} aria-hidden />}
        aria-label={t('keys.open')}
        aria-expanded={keys}
        onClick={() => setKeys(!keys)}
      >
        <span className={classes.word}>{t('keys.open')}</span>
      </Button>
      {keys && <Keypad press={(key) => client.sendDigits(key)} />}
    </div>
  );
}
