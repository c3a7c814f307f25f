import { FileButton } from '@mantine/core';
import { IconUpload } from '@tabler/icons-react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { importAgent } from './api';
import classes from './Gallery.module.css';
import { ReasonButton } from './ReasonButton';
import { useRefusal } from './useMay';
import { useProblem } from './useProblem';

/** Makes a draft from an agent's file. */
export function ImportButton() {
  const { t } = useTranslation('agents');
  const { problem } = useProblem();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const reason = useRefusal('agents:write');
  const reset = useRef<() => void>(null);
  const reading = useMutation({
    mutationFn: async (file: File) => importAgent(await file.text()),
    onSuccess: async (made) => {
      void queries.invalidateQueries({ queryKey: ['agents'] });
      await navigate({ to: '/agents/$agentId', params: { agentId: made.reference } });
    },
    onSettled: () => reset.current?.(),
  });
  return (
    <>
      <FileButton
        resetRef={reset}
        accept=".yaml,.yml,application/yaml,text/yaml"
        onChange={(file) => file && reading.mutate(file)}
        inputProps={{ 'aria-label': t('importFile') }}
      >
        {(props) => (
          <ReasonButton
            {...props}
            variant="default"
            reason={reason}
            loading={reading.isPending}
            leftSection={<IconUpload size={16} stroke={1.8} aria-hidden />}
          >
            {t('import')}
          </ReasonButton>
        )}
      </FileButton>
      {reading.error && (
        <p className={classes.importFailed} role="alert">
          {problem(reading.error)}
        </p>
      )}
    </>
  );
}
