import { Button, CopyButton, TextInput } from '@mantine/core';
import { IconCheck, IconCopy } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import classes from './settings.module.css';

/** A text to take along, with the button that does. */
export function CopyField({ label, value }: { label: string; value: string }) {
  const { t } = useTranslation(['settings', 'common']);
  return (
    <div className={classes.copy}>
      <TextInput
        label={label}
        value={value}
        readOnly
        className={classes.copyText}
        classNames={{ input: classes.mono }}
        onFocus={(e) => e.currentTarget.select()}
      />
      <CopyButton value={value} timeout={3000}>
        {({ copied, copy }) => (
          <Button
            onClick={copy}
            data-autofocus
            leftSection={copied ? <IconCheck size={16} aria-hidden /> : <IconCopy size={16} aria-hidden />}
          >
            {copied ? t('common:copied') : t('copy')}
          </Button>
        )}
      </CopyButton>
    </div>
  );
}
