import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import type { Tool } from '~/api/tools';
import { Confirm } from '~/components/Confirm';
import { deleteTool } from './api';

interface Props {
  tool: Tool;
  opened: boolean;
  close(): void;
  deleted?(): void;
}

/** Asks once more. A tool that agents use stays, and the answer names them. */
export function DeleteTool({ tool, opened, close, deleted }: Props) {
  const { t } = useTranslation('tools');
  const queries = useQueryClient();
  const removal = useMutation({
    mutationFn: () => deleteTool(tool.id),
    onSuccess: async () => {
      close();
      deleted?.();
      queries.removeQueries({ queryKey: ['tools', 'one', tool.id] });
      await queries.invalidateQueries({ queryKey: ['tools'] });
    },
  });
  return (
    <Confirm
      opened={opened}
      title={t('deletion.title', { name: tool.display_name })}
      text={t('deletion.text')}
      confirm={t('deletion.confirm')}
      pending={removal.isPending}
      error={removal.error}
      close={() => {
        removal.reset();
        close();
      }}
      go={() => removal.mutate()}
    />
  );
}
