import { Button } from '@mantine/core';
import { IconCompass, IconMoodSad } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { EmptyState } from '~/components/EmptyState';
import { LinkButton } from '~/components/links';
import { PageTitle } from '~/components/PageTitle';

export function NotFound() {
  const { t } = useTranslation();
  return (
    <EmptyState
      icon={IconCompass}
      heading={<PageTitle visible={false}>{t('missing.title')}</PageTitle>}
      title={t('missing.title')}
      text={t('missing.text')}
    >
      <LinkButton to="/agents/gallery">{t('missing.back')}</LinkButton>
    </EmptyState>
  );
}

/** An error in the console's own code: the one place where the page itself gives up. */
export function Crashed({ error }: { error: unknown }) {
  const { t } = useTranslation();
  return (
    <EmptyState
      icon={IconMoodSad}
      heading={<PageTitle visible={false}>{t('crashed.title')}</PageTitle>}
      title={t('crashed.title')}
      text={t('crashed.text')}
      code={error instanceof Error ? error.message : String(error)}
    >
      <Button onClick={() => window.location.reload()}>{t('crashed.reload')}</Button>
    </EmptyState>
  );
}
