import { Checkbox, ColorInput, NumberInput, Textarea, TextInput } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { Finding } from '~/api/agents';
import own from './ChatSettings.module.css';
import { type ChatForm, maxSuggestions } from './form';
import type { StepProps } from './step';
import { useProblem } from './useProblem';

/** How an agent converses in writing, and how it looks there. */
export function ChatSettings({ form, edit, findings }: Pick<StepProps, 'form' | 'edit'> & { findings: Finding[] }) {
  const { t } = useTranslation('instructions');
  const { finding } = useProblem();
  const { chat } = form;
  const put = (change: Partial<ChatForm>) => edit((f) => ({ ...f, chat: { ...f.chat, ...change } }));
  const wrong = (key: string) => {
    const found = findings.find((f) => f.field === `chat.${key}`);
    return found && finding(found);
  };
  return (
    <fieldset className={own.group}>
      <legend>{t('chat.title')}</legend>
      <Textarea
        label={t('chat.suggestions')}
        description={t('chat.suggestionsHelp', { count: maxSuggestions })}
        error={wrong('suggestions')}
        autosize
        minRows={3}
        lang={form.language}
        value={chat.suggestions}
        onChange={(e) => put({ suggestions: e.currentTarget.value })}
      />
      <div className={own.row}>
        <NumberInput
          label={t('chat.minutes')}
          description={t('chat.minutesHelp')}
          error={wrong('timeout')}
          min={1}
          max={43_200}
          value={chat.minutes}
          onChange={(v) => put({ minutes: typeof v === 'number' ? v : '' })}
        />
        <NumberInput
          label={t('chat.messages')}
          description={t('chat.messagesHelp')}
          error={wrong('max_messages')}
          min={2}
          max={1000}
          allowDecimal={false}
          value={chat.messages}
          onChange={(v) => put({ messages: typeof v === 'number' ? v : '' })}
        />
      </div>
      <div className={own.row}>
        <ColorInput
          label={t('chat.color')}
          description={t('chat.colorHelp')}
          error={wrong('color')}
          format="hex"
          placeholder="#6d28d9"
          eyeDropperButtonProps={{ 'aria-label': t('chat.pick') }}
          value={chat.color}
          onChange={(color) => put({ color })}
        />
        <TextInput
          label={t('chat.avatar')}
          description={t('chat.avatarHelp')}
          error={wrong('avatar')}
          maxLength={500}
          value={chat.avatar}
          onChange={(e) => put({ avatar: e.currentTarget.value })}
        />
      </div>
      <Checkbox
        label={t('chat.save')}
        description={t('chat.saveHelp')}
        checked={chat.save}
        onChange={(e) => put({ save: e.currentTarget.checked })}
      />
    </fieldset>
  );
}
