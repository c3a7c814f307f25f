import { Button, CopyButton } from '@mantine/core';
import { IconCloudOff } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { ApiError } from '~/api/client';
import { EmptyState } from '~/components/EmptyState';
import { PageTitle } from '~/components/PageTitle';
import { useWords } from '~/components/useWords';

interface Props {
  error: unknown;
  retry?: () => void;
  /** It stands for the whole page, which then needs its heading from here. */
  page?: boolean;
}

/** A request that failed: what, in the reader's words, and how to try again. */
export function LoadFailed({ error, retry, page }: Props) {
  const { t } = useTranslation();
  const words = useWords();
  const problem = error instanceof ApiError ? error : new ApiError('unknown', 0, {}, String(error));
  const reference = `${problem.code}${problem.status ? ` · ${problem.status}` : ''}`;
  return (
    <EmptyState
      alert
      icon={IconCloudOff}
      heading={page && <PageTitle visible={false}>{t('error.title')}</PageTitle>}
      title={t('error.title')}
      text={words.error(problem.code, problem.message, problem.params)}
      code={t('error.reference', { code: reference })}
    >
      {retry && problem.status !== 404 && <Button onClick={retry}>{t('retry')}</Button>}
      <CopyButton value={`${reference} · ${problem.message}`}>
        {({ copied, copy }) => (
          <Button variant="default" onClick={copy}>
            {copied ? t('copied') : t('error.copy')}
          </Button>
        )}
      </CopyButton>
    </EmptyState>
  );
}
