import { Tabs } from '@mantine/core';
import { useMemo, useSyncExternalStore } from 'react';
import { useTranslation } from 'react-i18next';
import type { Agent } from '~/api/client';
import { LatencyPanel } from '~/components/LatencyPanel';
import { turnsOf } from '~/components/liveTranscript';
import { useFormat } from '~/components/useFormat';
import type { Call } from '~/live/call';
import type { LiveClient } from '~/live/client';
import { Chip } from '~/ui/Chip';
import { Details } from './Details';
import { EventsPanel } from './EventsPanel';
import classes from './Inspector.module.css';

/** What is measured and known of the conversation: delays, events, and its technical side. */
export function Inspector({ agent, call, client }: { agent: Agent; call: Call; client: LiveClient }) {
  const { t } = useTranslation('session');
  const format = useFormat();
  useSyncExternalStore(client.log.subscribe, client.log.getSnapshot);
  const turns = useMemo(() => turnsOf(call), [call]);
  return (
    <aside className={classes.inspector} aria-label={t('inspector.label')}>
      <Tabs defaultValue="latency" keepMounted={false} classNames={{ root: classes.tabs, panel: classes.panel }}>
        <Tabs.List>
          <Tabs.Tab value="latency">{t('inspector.latency')}</Tabs.Tab>
          <Tabs.Tab value="events" rightSection={<Chip small>{format.number(client.log.total)}</Chip>}>
            {t('inspector.events')}
          </Tabs.Tab>
          <Tabs.Tab value="session">{t('inspector.session')}</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="latency">
          <LatencyPanel turns={turns} empty={t('inspector.noTurn')} />
        </Tabs.Panel>
        <Tabs.Panel value="events">
          <EventsPanel log={client.log} />
        </Tabs.Panel>
        <Tabs.Panel value="session">
          <Details agent={agent} call={call} client={client} />
        </Tabs.Panel>
      </Tabs>
    </aside>
  );
}
