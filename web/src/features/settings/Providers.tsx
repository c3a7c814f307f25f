import { Skeleton } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconChevronDown } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useId } from 'react';
import { useTranslation } from 'react-i18next';
import type { Provider } from '~/api/client';
import { providersQuery, resetProvider } from '~/api/providers';
import { useAccess } from '~/components/access';
import { Confirm } from '~/components/Confirm';
import { Forbidden } from '~/components/Forbidden';
import { GuardedButton } from '~/components/Guarded';
import { LoadFailed } from '~/components/LoadFailed';
import page from '~/components/Page.module.css';
import { PageTitle } from '~/components/PageTitle';
import { ProviderForm } from '~/components/providers/ProviderForm';
import { useProviderName } from '~/components/useProviderName';
import { Chip } from '~/ui/Chip';
import classes from './settings.module.css';

/** The vendors of models: what is there, what is missing, and the settings of each. */
export function Providers() {
  const { t } = useTranslation('settings');
  const { allowed } = useAccess('providers:read');
  const providers = useQuery({ ...providersQuery(), enabled: allowed });
  if (!allowed) return <Forbidden needs="providers:read" title={t('providers.title')} />;
  return (
    <>
      <div className={classes.head}>
        <div>
          <PageTitle subtitle={t('providers.subtitle')}>{t('providers.title')}</PageTitle>
        </div>
      </div>
      {providers.isPending && [0, 1, 2].map((n) => <Skeleton key={n} height={86} mb={12} radius="lg" />)}
      {providers.isError && <LoadFailed error={providers.error} retry={() => void providers.refetch()} />}
      {providers.data?.items.map((p) => (
        <Card key={p.id} provider={p} />
      ))}
    </>
  );
}

function Card({ provider }: { provider: Provider }) {
  const name = useProviderName()(provider.id, provider.name);
  const { t, i18n } = useTranslation(['settings', 'providers']);
  // What one lacks that nobody has set is always the same, and has words; of the others it is the server's English.
  const worded = provider.source === 'default' && i18n.exists(`providers:missing.${provider.id}`);
  const missing =
    provider.missing &&
    (worded ? t(`providers:missing.${provider.id}` as 'providers:missing.openai') : provider.missing);
  const id = useId();
  const [opened, { toggle }] = useDisclosure(false);
  return (
    <section className={`${page.card} ${classes.section}`} aria-labelledby={id} data-flush>
      <h2 className={classes.providerHead}>
        <button type="button" className={classes.provider} aria-expanded={opened} onClick={toggle}>
          <span className={classes.rowText}>
            <strong id={id}>{name}</strong>
            <span>{provider.offers.map((o) => t(`providers.offers.${o}`)).join(' · ')}</span>
            {provider.missing ? (
              <span className={classes.missing}>{missing}</span>
            ) : (
              provider.found && <span>{t('providers.found', { what: provider.found })}</span>
            )}
          </span>
          <span className={classes.chips}>
            <Chip>{t(`providers.source.${provider.source}`)}</Chip>
            {provider.present ? (
              <Chip tone="pos" dot>
                {t('providers.ready')}
              </Chip>
            ) : (
              <Chip tone="warn" dot>
                {t('providers.missing')}
              </Chip>
            )}
          </span>
          <IconChevronDown size={18} stroke={1.9} aria-hidden data-open={opened || undefined} />
        </button>
      </h2>
      {opened && (
        <div className={classes.providerBody}>
          <ProviderForm key={provider.source} provider={provider}>
            {provider.source === 'console' && <Reset provider={provider} />}
          </ProviderForm>
        </div>
      )}
    </section>
  );
}

function Reset({ provider }: { provider: Provider }) {
  const name = useProviderName()(provider.id, provider.name);
  const { t } = useTranslation('settings');
  const queries = useQueryClient();
  const [asking, ask] = useDisclosure(false);
  const reset = useMutation({
    mutationFn: () => resetProvider(provider.id),
    onSuccess: () => queries.invalidateQueries({ queryKey: providersQuery().queryKey }),
  });
  return (
    <>
      <GuardedButton needs="providers:write" variant="subtle" className={classes.danger} onClick={ask.open}>
        {t('providers.reset')}
      </GuardedButton>
      <Confirm
        opened={asking}
        title={t('providers.resetTitle', { name })}
        text={t('providers.resetText')}
        confirm={t('providers.resetConfirm')}
        pending={reset.isPending}
        error={reset.error}
        close={ask.close}
        go={() => reset.mutate()}
      />
    </>
  );
}
