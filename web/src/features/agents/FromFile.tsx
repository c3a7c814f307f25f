import { Button, FileButton } from '@mantine/core';
import { IconFileImport } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import { useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import classes from './Instructions.module.css';
import { PromptFindings } from './PromptFindings';
import { Proposal } from './Proposal';
import { readInstructions } from './promptApi';
import type { WayProps } from './step';
import { useProblem } from './useProblem';

/** Instructions that somebody has in a file already. */
export function FromFile({ form, lang, most, take, add }: WayProps) {
  const { t } = useTranslation('instructions');
  const { problem } = useProblem();
  const [over, setOver] = useState(false);
  const reset = useRef<() => void>(null);
  const reading = useMutation({
    mutationFn: (file: File) => readInstructions(file, lang, form.kind === 'text' ? 'text' : 'voice'),
    onSettled: () => reset.current?.(),
  });
  const read = (file: File | null | undefined) => file && reading.mutate(file);
  return (
    <>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: dropping is a shortcut for the button inside */}
      <div
        className={classes.drop}
        data-over={over || undefined}
        onDragOver={(e) => {
          e.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={(e) => {
          e.preventDefault();
          setOver(false);
          read(e.dataTransfer.files[0]);
        }}
      >
        <IconFileImport size={24} stroke={1.6} aria-hidden />
        <p>{t('file.text')}</p>
        <FileButton
          resetRef={reset}
          accept=".txt,.md,.markdown,.json,text/plain,text/markdown,application/json"
          onChange={read}
          inputProps={{ 'aria-label': t('file.choose') }}
        >
          {(props) => (
            <Button {...props} variant="default" loading={reading.isPending}>
              {t('file.choose')}
            </Button>
          )}
        </FileButton>
        <small>{t('file.limits')}</small>
      </div>
      {reading.error && (
        <p className={classes.failed} role="alert">
          {problem(reading.error)}
        </p>
      )}
      {reading.data && (
        <Proposal
          title={t('preview', { name: reading.variables.name })}
          text={reading.data.instructions}
          most={most}
          over={form.instructions.trim() !== ''}
          replace={(text) => take({ instructions: text })}
          add={add}
        >
          <PromptFindings items={reading.data.findings} />
        </Proposal>
      )}
    </>
  );
}
