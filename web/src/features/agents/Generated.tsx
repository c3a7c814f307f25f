import { Button, Checkbox, NativeSelect, Textarea } from '@mantine/core';
import { IconSparkles } from '@tabler/icons-react';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ApiError } from '~/api/client';
import { LinkButton } from '~/components/links';
import { characters } from './form';
import classes from './Instructions.module.css';
import { PromptFindings } from './PromptFindings';
import { Proposal } from './Proposal';
import { templatesQuery, writeInstructions } from './promptApi';
import type { WayProps } from './step';
import { useProblem } from './useProblem';

/** The least that a description has to say, in characters; the server's own rule. */
const least = 10;

/** A language model writes a draft from a description in one's own words. */
export function Generated({ form, lang, most, take, add }: WayProps) {
  const { t } = useTranslation('instructions');
  const { problem } = useProblem();
  const [description, setDescription] = useState(form.description);
  const [improve, setImprove] = useState(false);
  const [template, setTemplate] = useState('');
  const [short, setShort] = useState(false);
  const templates = useQuery(templatesQuery(lang)).data?.items ?? [];
  const writing = useMutation({ mutationFn: writeInstructions });
  const any = form.instructions.trim() !== '';
  const start = () => {
    const tooShort = characters(description.trim()) < least;
    setShort(tooShort);
    if (tooShort) return document.getElementById('wish')?.focus();
    writing.mutate({
      description: description.trim(),
      language: form.language || lang,
      kind: form.kind === 'text' ? 'text' : 'voice',
      current: improve && any ? form.instructions : undefined,
      template: template || undefined,
    });
  };
  return (
    <>
      <Textarea
        id="wish"
        label={t('generate.label')}
        description={t('generate.help')}
        placeholder={t('generate.placeholder')}
        error={short ? t('generate.short') : undefined}
        autosize
        minRows={3}
        maxRows={8}
        maxLength={4000}
        value={description}
        onChange={(e) => {
          setDescription(e.currentTarget.value);
          setShort(false);
        }}
      />
      <div className={classes.row}>
        <NativeSelect
          label={t('generate.example')}
          value={template}
          onChange={(e) => setTemplate(e.currentTarget.value)}
          data={[
            { value: '', label: t('generate.noExample') },
            ...templates.map((i) => ({ value: i.id, label: i.name })),
          ]}
        />
        {any && (
          <Checkbox
            label={t('generate.improve')}
            checked={improve}
            onChange={(e) => setImprove(e.currentTarget.checked)}
          />
        )}
        <Button
          loading={writing.isPending}
          leftSection={<IconSparkles size={16} stroke={1.8} aria-hidden />}
          onClick={start}
        >
          {t(writing.data ? 'generate.again' : 'generate.start')}
        </Button>
      </div>
      {writing.isPending && (
        <p className={classes.quiet} role="status">
          {t('generate.writing')}
        </p>
      )}
      {writing.error && (
        <div className={classes.failed} role="alert">
          <p>{problem(writing.error)}</p>
          {writing.error instanceof ApiError && writing.error.code === 'no_model' && (
            <LinkButton size="compact-sm" variant="default" to="/settings/providers">
              {t('generate.providers')}
            </LinkButton>
          )}
        </div>
      )}
      {writing.data && !writing.isPending && (
        <Proposal
          title={t('generate.by', { model: writing.data.model })}
          text={writing.data.instructions}
          greeting={writing.data.greeting}
          most={most}
          over={any}
          replace={(text, whole) =>
            take((f) => ({
              ...f,
              instructions: text,
              greeting: (whole && writing.data.greeting) || f.greeting,
            }))
          }
          add={add}
        >
          <PromptFindings items={writing.data.findings} />
        </Proposal>
      )}
    </>
  );
}
