import { IconBroadcast } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import type { Conversation } from '~/api/client';
import { LinkButton } from '~/components/links';
import { useChannelName } from '~/components/useChannelName';
import { useFormat } from '~/components/useFormat';
import { verdict } from '~/lib/latency';
import { Chip } from '~/ui/Chip';
import { Orb } from '~/ui/Orb';
import { liveQuery } from './api';
import { Card } from './Card';
import cards from './Cards.module.css';
import classes from './LiveCard.module.css';

const tones = { none: 'plain', caller: 'info', model: 'warn', agent: 'brand' } as const;

/** Who is talking with whom right now. */
export function LiveCard() {
  const { t } = useTranslation('home');
  const live = useQuery(liveQuery());
  const items = live.data?.items ?? [];
  const total = live.data?.total ?? 0;
  return (
    <Card
      icon={IconBroadcast}
      title={t('live.title')}
      span={8}
      to={{ status: 'active' }}
      aside={total > items.length && <small>{t('live.some', { shown: items.length, total })}</small>}
    >
      {live.isError && <p className={cards.quiet}>{t('live.failed')}</p>}
      {live.isSuccess && items.length === 0 && (
        <div className={cards.quiet}>
          <span>{t('live.none')}</span>
          <LinkButton to="/agents/gallery" variant="light" size="compact-sm">
            {t('live.talk')}
          </LinkButton>
        </div>
      )}
      {items.length > 0 && (
        <div className={classes.scroll}>
          <table className={classes.table} aria-label={t('live.title')}>
            <thead>
              <tr>
                <th scope="col">{t('live.agent')}</th>
                <th scope="col">{t('live.channel')}</th>
                <th scope="col">{t('live.state')}</th>
                <th scope="col" className={classes.figure}>
                  {t('live.duration')}
                </th>
                <th scope="col" className={classes.figure}>
                  {t('live.latency')}
                </th>
              </tr>
            </thead>
            <tbody>
              {items.map((c) => (
                <Row key={c.id} call={c} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Card>
  );
}

function Row({ call }: { call: Conversation }) {
  const { t } = useTranslation('home');
  const format = useFormat();
  const channelName = useChannelName();
  const ms = call.latency_p50_ms;
  const name = call.agent_name || call.agent || t('agents.nobody');
  const floor = call.floor ?? 'none';
  return (
    <tr>
      <td>
        <span className={classes.agent}>
          <Orb name={name} size={28} />
          <span>
            <Link to="/agents/voice-history/$sessionId" params={{ sessionId: call.id }} className={classes.link}>
              {name}
            </Link>
            <small>{call.agent}</small>
          </span>
        </span>
      </td>
      <td>{channelName(call.channel)}</td>
      <td>
        <Chip tone={tones[floor]} dot={floor === 'none' ? true : 'live'}>
          {t(`floor.${floor}`)}
        </Chip>
      </td>
      <td className={classes.figure}>{format.clock(call.duration_ms)}</td>
      <td className={classes.figure} data-verdict={ms === undefined ? undefined : verdict(ms)}>
        {ms === undefined ? '—' : format.ms(ms)}
      </td>
    </tr>
  );
}
