import { Button } from '@mantine/core';
import { IconChartBar } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Overview } from '~/api/client';
import { useChannelName } from '~/components/useChannelName';
import { useFormat } from '~/components/useFormat';
import type { Period } from './api';
import { Card } from './Card';
import cards from './Cards.module.css';
import classes from './VolumeCard.module.css';

const colours = ['var(--s-llm)', 'var(--s-stt)', 'var(--s-tts)', 'var(--s-tool)', 'var(--s-eot)', 'var(--s-net)'];
const dayMs = 24 * 3_600_000;

/** The largest of 1, 2, 5, 10, 20 … that gives at most four lines. */
function lineStep(most: number): number {
  for (let unit = 1; ; unit *= 10) for (const n of [1, 2, 5]) if (most / (n * unit) <= 4) return n * unit;
}

/** Conversations over time, by channel: as columns, or as the table that they stand for. */
export function VolumeCard({ data, period }: { data: Overview; period: Period }) {
  const { t } = useTranslation(['home', 'common']);
  const format = useFormat();
  const [table, setTable] = useState(false);
  const channelName = useChannelName();
  const names = data.channels.map((c) => c.key);
  const sums = data.series.map((s) => Object.values(s.channels).reduce((a, b) => a + b, 0));
  const most = Math.max(...sums, 0);
  const step = lineStep(Math.max(1, most));
  const top = Math.max(step, Math.ceil(most / step) * step);
  const lines = Array.from({ length: Math.round(top / step) + 1 }, (_, i) => i * step);
  const name = (at: string) => (data.step_ms >= dayMs ? format.shortDay(new Date(at)) : format.hour(new Date(at)));
  const everyNth = Math.ceil(data.series.length / 6);
  return (
    <Card
      icon={IconChartBar}
      title={t('volume.title')}
      span={4}
      to={{ period }}
      aside={
        names.length > 0 && (
          <Button variant="subtle" size="compact-xs" aria-pressed={table} onClick={() => setTable(!table)}>
            {table ? t('volume.chart') : t('volume.data')}
          </Button>
        )
      }
    >
      {names.length === 0 ? (
        <p className={cards.quiet}>{t('volume.none')}</p>
      ) : (
        <>
          <ul className={classes.legend}>
            {names.map((key, i) => (
              <li key={key}>
                <Link to="/agents/voice-history" search={{ period, channel: key }}>
                  <i aria-hidden style={{ background: colours[i % colours.length] }} />
                  {channelName(key)}
                </Link>
              </li>
            ))}
          </ul>
          {table ? (
            // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
            <section className={classes.scroll} tabIndex={0} aria-label={t('volume.title')}>
              <table className={classes.table}>
                <thead>
                  <tr>
                    <th scope="col">{t('volume.time')}</th>
                    {names.map((key) => (
                      <th key={key} scope="col">
                        {channelName(key)}
                      </th>
                    ))}
                  </tr>
                </thead>
                <tbody>
                  {data.series.map((s) => (
                    <tr key={s.at}>
                      <th scope="row">
                        {data.step_ms >= dayMs ? format.shortDay(new Date(s.at)) : format.dateTime(s.at)}
                      </th>
                      {names.map((key) => (
                        <td key={key}>{format.number(s.channels[key] ?? 0)}</td>
                      ))}
                    </tr>
                  ))}
                </tbody>
              </table>
            </section>
          ) : (
            <div
              className={classes.chart}
              role="img"
              aria-label={t('volume.summary', {
                total: format.number(data.total.conversations),
                most: format.number(most),
                when: name(data.series[sums.indexOf(most)]?.at ?? data.from),
              })}
            >
              <div className={classes.grid}>
                {lines.map((n) => (
                  <i key={n} style={{ bottom: `${(n / top) * 100}%` }}>
                    <span>{format.number(n)}</span>
                  </i>
                ))}
              </div>
              <div className={classes.columns}>
                {data.series.map((s, i) => (
                  <div key={s.at}>
                    <div className={classes.column}>
                      {names.map((key, n) => {
                        const count = s.channels[key] ?? 0;
                        const style = { height: `${(count / top) * 100}%`, background: colours[n % colours.length] };
                        return count > 0 && <i key={key} style={style} />;
                      })}
                    </div>
                    <span className={classes.tick}>{i % everyNth === 0 && name(s.at)}</span>
                  </div>
                ))}
              </div>
            </div>
          )}
        </>
      )}
    </Card>
  );
}
