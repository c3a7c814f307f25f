import { Button, Group, Modal } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { ApiError } from '~/api/client';
import { useWords } from '~/components/useWords';
import { deleteCall } from './api';
import classes from './DeleteDialog.module.css';

/** Asks once more before a conversation and its recording are gone. */
export function DeleteDialog({ id, opened, close }: { id: string; opened: boolean; close(): void }) {
  const { t } = useTranslation(['calls', 'common']);
  const words = useWords();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const removal = useMutation({
    mutationFn: () => deleteCall(id),
    onSuccess: async () => {
      await navigate({ to: '/agents/voice-history', replace: true });
      queries.removeQueries({ queryKey: ['conversations', 'one', id] });
      await queries.invalidateQueries({ queryKey: ['conversations', 'list'] });
    },
  });
  const error = removal.error;
  return (
    <Modal
      opened={opened}
      onClose={close}
      title={t('delete.title')}
      closeButtonProps={{ 'aria-label': t('common:close') }}
      centered
    >
      <p className={classes.text}>{t('delete.text')}</p>
      {error && (
        <p className={classes.error} role="alert">
          {t('delete.failed')} {error instanceof ApiError ? words.error(error.code, error.message, error.params) : ''}
        </p>
      )}
      <Group justify="flex-end" mt="md">
        <Button variant="default" data-autofocus onClick={close}>
          {t('common:cancel')}
        </Button>
        <Button className={classes.confirm} loading={removal.isPending} onClick={() => removal.mutate()}>
          {t('delete.confirm')}
        </Button>
      </Group>
    </Modal>
  );
}
