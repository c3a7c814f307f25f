import { Button, SegmentedControl, Skeleton } from '@mantine/core';
import { IconAdjustmentsHorizontal, IconRefresh, IconSparkles } from '@tabler/icons-react';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { EmptyState } from '~/components/EmptyState';
import { GuardedButton } from '~/components/Guarded';
import { LoadFailed } from '~/components/LoadFailed';
import { LinkButton } from '~/components/links';
import page from '~/components/Page.module.css';
import { PageTitle } from '~/components/PageTitle';
import { useFormat } from '~/components/useFormat';
import { useSeconds } from '~/components/useSeconds';
import { Chip } from '~/ui/Chip';
import { liveQuery, overviewQuery, type Period, periods, ratesQuery } from './api';
import {
  AgentsCard,
  BusinessCard,
  ConversationsCard,
  DurationCard,
  InterruptionsCard,
  LatencyCard,
  TokensCard,
} from './Cards';
import classes from './Home.module.css';
import { LiveCard } from './LiveCard';
import { RateDialog } from './RateDialog';
import { useChanges } from './useChanges';
import { VolumeCard } from './VolumeCard';

interface Props {
  period: Period;
  setPeriod(period: Period): void;
}

/** What goes on, and how it went, in figures; each leads to the conversations behind it. */
export function Home({ period, setPeriod }: Props) {
  const { t } = useTranslation('home');
  const format = useFormat();
  const queries = useQueryClient();
  const overview = useQuery(overviewQuery(period));
  const connected = useChanges();
  const [rateOpen, setRateOpen] = useState(false);
  const refresh = () => {
    void queries.invalidateQueries({ queryKey: ['overview'] });
    void queries.invalidateQueries({ queryKey: liveQuery().queryKey });
    void queries.invalidateQueries({ queryKey: ratesQuery().queryKey });
  };
  const rate = overview.data?.rate;
  const tokens = overview.data?.total.tokens;
  const counted = tokens !== undefined && tokens.input + tokens.output > 0;
  return (
    <div className={page.page}>
      <div className={page.head}>
        <div>
          <PageTitle subtitle={format.day(Date.now())}>{t('title')}</PageTitle>
        </div>
        <div className={classes.tools}>
          <Age at={overview.dataUpdatedAt} connected={connected} failed={overview.isError} />
          <SegmentedControl
            size="xs"
            aria-label={t('period.label')}
            value={period}
            onChange={(value) => setPeriod(value as Period)}
            data={periods.map((value) => ({ value, label: t(`period.short.${value}`) }))}
          />
          <GuardedButton
            needs="billing:write"
            variant="default"
            leftSection={<IconAdjustmentsHorizontal size={17} stroke={1.8} aria-hidden />}
            onClick={() => setRateOpen(true)}
          >
            {t('rate.configure')}
            {rate && <span className={classes.rate}>{t('perMinute', { rate: format.euros(rate.per_minute) })}</span>}
          </GuardedButton>
          <Button
            leftSection={<IconRefresh size={17} stroke={1.8} aria-hidden />}
            loading={overview.isFetching && !overview.isPending}
            onClick={refresh}
          >
            {t('refresh')}
          </Button>
        </div>
      </div>
      {overview.isPending && <Waiting />}
      {overview.isError && !overview.data && <LoadFailed error={overview.error} retry={refresh} />}
      {overview.data && overview.data.total.conversations === 0 && overview.data.active === 0 && (
        <div className={classes.welcome}>
          <EmptyState
            icon={IconSparkles}
            title={t('empty.title')}
            text={t('empty.text', { period: t(`period.${period}`) })}
          >
            <LinkButton to="/agents/gallery">{t('empty.action')}</LinkButton>
            <LinkButton to="/agents/voice-history" variant="default">
              {t('empty.history')}
            </LinkButton>
          </EmptyState>
        </div>
      )}
      {overview.data && (
        <div className={classes.grid} data-old={overview.isPlaceholderData || !connected || undefined}>
          <ConversationsCard data={overview.data} period={period} />
          <BusinessCard data={overview.data} period={period} openRate={() => setRateOpen(true)} />
          <LatencyCard data={overview.data} period={period} />
          <TokensCard data={overview.data} period={period} span={3} />
          <InterruptionsCard data={overview.data} period={period} span={counted ? 3 : 4} />
          <DurationCard data={overview.data} period={period} span={counted ? 3 : 4} />
          <AgentsCard data={overview.data} period={period} span={counted ? 3 : 4} />
          <LiveCard />
          <VolumeCard data={overview.data} period={period} />
        </div>
      )}
      <RateDialog opened={rateOpen} close={() => setRateOpen(false)} />
    </div>
  );
}

/** How old the figures are, and whether changes would be heard of. */
function Age({ at, connected, failed }: { at: number; connected: boolean; failed: boolean }) {
  const { t } = useTranslation('home');
  const format = useFormat();
  const now = useSeconds(at > 0);
  if (failed || !connected) {
    return (
      <span role="status">
        <Chip tone="warn" dot>
          {t('reconnecting')}
        </Chip>
      </span>
    );
  }
  if (at === 0) return null;
  return (
    <span className={classes.age}>
      <i aria-hidden />
      {t('updated', { age: format.age(performance.timeOrigin + now - at) })}
    </span>
  );
}

function Waiting() {
  const { t } = useTranslation();
  return (
    <div className={classes.grid} role="status" aria-label={t('loading')}>
      {([3, 6, 3, 4, 4, 4, 8, 4] as const).map((span, i) => (
        <Skeleton
          // biome-ignore lint/suspicious/noArrayIndexKey: they never change places
          key={i}
          height={i > 5 ? 300 : 160}
          radius="lg"
          className={classes.waiting}
          style={{ gridColumn: `span ${span}` }}
        />
      ))}
    </div>
  );
}
