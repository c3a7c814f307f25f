import { Button, Popover } from '@mantine/core';
import { IconPhoneOff } from '@tabler/icons-react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ApiError } from '~/api/client';
import { useWords } from '~/components/useWords';
import { endCall } from './api';
import classes from './EndCall.module.css';

/** Ends a call, which may be somebody else's: it asks once more. */
export function EndCall({ id, name, compact }: { id: string; name: string; compact?: boolean }) {
  const { t } = useTranslation(['realtime', 'common']);
  const words = useWords();
  const queries = useQueryClient();
  const [asking, setAsking] = useState(false);
  const end = useMutation({
    mutationFn: () => endCall(id),
    onSuccess: async () => {
      setAsking(false);
      await queries.invalidateQueries({ queryKey: ['realtime'] });
    },
  });
  const { error } = end;
  return (
    <Popover opened={asking} onChange={setAsking} position="bottom-end" shadow="md" width={280} trapFocus returnFocus>
      <Popover.Target>
        <Button
          size={compact ? 'compact-sm' : 'sm'}
          variant="default"
          className={classes.open}
          leftSection={<IconPhoneOff size={15} stroke={1.8} aria-hidden />}
          aria-label={t('end.one', { id: name })}
          onClick={() => setAsking(!asking)}
        >
          {t('end.button')}
        </Button>
      </Popover.Target>
      <Popover.Dropdown aria-label={t('end.ask')}>
        <p className={classes.ask}>{t('end.ask')}</p>
        {error && (
          <p className={classes.error} role="alert">
            {error instanceof ApiError ? words.error(error.code, error.message, error.params) : t('end.failed')}
          </p>
        )}
        <div className={classes.actions}>
          <Button size="xs" variant="default" data-autofocus onClick={() => setAsking(false)}>
            {t('common:cancel')}
          </Button>
          <Button size="xs" className={classes.end} loading={end.isPending} onClick={() => end.mutate()}>
            {t('end.confirm')}
          </Button>
        </div>
      </Popover.Dropdown>
    </Popover>
  );
}
