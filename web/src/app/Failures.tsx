import { Button } from '@mantine/core';
import { IconCloudOff, IconCompass, IconMoodSad } from '@tabler/icons-react';
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

/** A part of the console that could not be fetched: no fault of the page, but a server that is away or has been updated. */
const notFetched = /preload CSS|dynamically imported module|module script/i;

/** An error in the console's own code: the one place where the page itself gives up. */
export function Crashed({ error }: { error: unknown }) {
  const { t } = useTranslation();
  const message = error instanceof Error ? error.message : String(error);
  const away = notFetched.test(message);
  const title = away ? t('error.title') : t('crashed.title');
  return (
    <EmptyState
      icon={away ? IconCloudOff : IconMoodSad}
      heading={<PageTitle visible={false}>{title}</PageTitle>}
      title={title}
      text={away ? t('error.unreachable') : t('crashed.text')}
      code={away ? undefined : message}
    >
      <Button onClick={() => window.location.reload()}>{t('crashed.reload')}</Button>
    </EmptyState>
  );
}
