import { Skeleton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { SignInSettings } from '~/api/client';
import { LoadFailed } from '~/components/LoadFailed';
import { signInQuery } from './api';
import { Section } from './Section';
import classes from './settings.module.css';

/** How people come in. The server's configuration says so: here it is only shown. */
export function SignInWays() {
  const { t } = useTranslation('settings');
  const ways = useQuery(signInQuery());
  if (ways.isError) return <LoadFailed error={ways.error} retry={() => void ways.refetch()} />;
  return (
    <Section title={t('ways.title')} text={t('ways.text')}>
      {ways.data ? <Facts ways={ways.data} /> : <Skeleton height={120} />}
    </Section>
  );
}

function Facts({ ways }: { ways: SignInSettings }) {
  const { t } = useTranslation('settings');
  const { sso } = ways;
  return (
    <dl className={classes.ways}>
      <Fact name={t('ways.password')}>{ways.password ? t('ways.passwordOn') : t('ways.off')}</Fact>
      <Fact name={t('ways.session')}>
        <Spans life={ways.life_hours} idle={ways.idle_hours} />
      </Fact>
      <Fact name={t('ways.sso')} help={sso ? undefined : t('ways.how')}>
        {sso ? sso.name : t('ways.none')}
      </Fact>
      {sso && (
        <>
          <Fact name={t('ways.issuer')}>
            <code>{sso.issuer}</code>
          </Fact>
          <Fact name={t('ways.client')}>
            <code>{sso.client_id}</code>
          </Fact>
          <Fact name={t('ways.redirect')} help={t('ways.redirectHelp')}>
            <code>{sso.redirect}</code>
          </Fact>
          <Fact name={t('ways.newcomers')}>
            <Newcomers sso={sso} />
          </Fact>
          <Fact name={t('ways.domains')}>{sso.domains.join(', ') || t('ways.domainsAll')}</Fact>
        </>
      )}
    </dl>
  );
}

function Fact({ name, help, children }: { name: string; help?: string; children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        {children}
        {help && <span className={classes.weak}>{help}</span>}
      </dd>
    </div>
  );
}

function Newcomers({ sso }: { sso: NonNullable<SignInSettings['sso']> }) {
  const { t } = useTranslation(['settings', 'common']);
  if (!sso.role) return t('ways.newcomersNone');
  return sso.here ? t('ways.newcomersHere', { role: t(`common:role.${sso.role}`) }) : t('ways.newcomersElsewhere');
}

function Spans({ life, idle }: { life: number; idle: number }) {
  const { t } = useTranslation('settings');
  const span = (hours: number) => {
    const days = hours >= 48 && hours % 24 === 0;
    return days ? t('ways.days', { count: hours / 24 }) : t('ways.hours', { count: Math.round(hours * 10) / 10 });
  };
  return t('ways.sessionText', { life: span(life), idle: span(idle) });
}
