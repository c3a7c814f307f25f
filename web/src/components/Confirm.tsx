import { Button, Group, Modal } from '@mantine/core';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import classes from '~/components/Confirm.module.css';
import { Problem } from '~/components/Problem';

interface Props {
  opened: boolean;
  title: string;
  /** What will be gone. */
  text: ReactNode;
  /** The words of the button that does it. */
  confirm: string;
  pending: boolean;
  error: unknown;
  close(): void;
  go(): void;
}

/** Asks once more before something is gone. Cancelling has the focus. */
export function Confirm({ opened, title, text, confirm, pending, error, close, go }: Props) {
  const { t } = useTranslation();
  return (
    <Modal opened={opened} onClose={close} title={title} closeButtonProps={{ 'aria-label': t('close') }} centered>
      <p className={classes.text}>{text}</p>
      <Problem error={error} />
      <Group justify="flex-end" mt="md">
        <Button variant="default" data-autofocus onClick={close}>
          {t('cancel')}
        </Button>
        <Button className={classes.confirm} loading={pending} onClick={go}>
          {confirm}
        </Button>
      </Group>
    </Modal>
  );
}
