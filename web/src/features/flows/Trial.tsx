import { Button, NativeSelect, TextInput } from '@mantine/core';
import { IconPlayerPlay, IconRefresh, IconSend } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import page from '~/components/Page.module.css';
import { Problem } from '~/components/Problem';
import { type TrialTurn, trialQuery } from './api';
import classes from './flows.module.css';
import { type Definition, edgesFrom } from './model';

interface Props {
  d: Definition;
  lang: string;
  /** Tells where the conversation stands; undefined when there is none. */
  stand(node: string | undefined): void;
}

/** A typed conversation with the flow as it is now. A change of the flow holds it again with what was said. */
export function Trial({ d, lang, stand }: Props) {
  const { t } = useTranslation('flows');
  const [said, setSaid] = useState<string[]>();
  const [words, setWords] = useState('');
  const [outcomes, setOutcomes] = useState<Record<string, string>>({});
  const log = useRef<HTMLDivElement>(null);
  const trial = useQuery({
    ...trialQuery({ definition: d, lang, said: said ?? [], outcomes }),
    enabled: said !== undefined,
  });
  const turns = said === undefined ? [] : (trial.data?.turns ?? []);
  const last = turns.at(-1);
  const node = said === undefined || trial.isError ? undefined : last?.node;
  useEffect(() => stand(node), [node, stand]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new turn is what moves it
  useEffect(() => {
    log.current?.scrollTo({ top: log.current.scrollHeight });
  }, [turns.length]);
  const tools = d.nodes.filter((n) => n.kind === 'call' && n.tool);
  return (
    <section className={`${page.card} ${classes.panel}`} aria-label={t('trial.title')}>
      <h2>{t('trial.title')}</h2>
      {said === undefined ? (
        <>
          <p className={classes.help}>{t('trial.help')}</p>
          <Button
            variant="default"
            leftSection={<IconPlayerPlay size={16} stroke={1.8} aria-hidden />}
            onClick={() => setSaid([])}
          >
            {t('trial.begin')}
          </Button>
        </>
      ) : (
        <>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a long one is scrolled by keyboard */}
          <div ref={log} className={classes.log} role="log" aria-label={t('trial.log')} tabIndex={0} lang={lang}>
            {turns.map((turn, i) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: turns are only added
              <Turn key={i} turn={turn} first={i === 0} />
            ))}
          </div>
          <Problem error={trial.error} />
          {last?.ended ? (
            <p className={classes.ended}>{t('trial.ended')}</p>
          ) : (
            <form
              className={classes.say}
              onSubmit={(e) => {
                e.preventDefault();
                setSaid([...said, words]);
                setWords('');
              }}
            >
              <TextInput
                aria-label={t('trial.say')}
                placeholder={t('trial.say')}
                value={words}
                maxLength={500}
                onChange={(e) => setWords(e.currentTarget.value)}
              />
              <Button type="submit" loading={trial.isFetching} aria-label={t('trial.send')} px={12}>
                <IconSend size={16} stroke={1.8} aria-hidden />
              </Button>
            </form>
          )}
          {last && Object.keys(last.slots).length > 0 && (
            <dl className={classes.slots} aria-label={t('trial.slots')}>
              {Object.entries(last.slots).map(([slot, value]) => (
                <div key={slot}>
                  <dt>{slot}</dt>
                  <dd>{value}</dd>
                </div>
              ))}
            </dl>
          )}
          {tools.map((n) => (
            <NativeSelect
              key={n.id}
              size="xs"
              label={t('trial.outcome', { tool: n.tool })}
              value={outcomes[n.tool ?? ''] ?? 'ok'}
              onChange={(e) => setOutcomes({ ...outcomes, [n.tool ?? '']: e.currentTarget.value })}
              data={[...new Set(['ok', 'failed', ...edgesFrom(d, n.id).flatMap((x) => x.on || [])])]}
            />
          ))}
          <Button
            variant="subtle"
            size="compact-sm"
            leftSection={<IconRefresh size={15} stroke={1.8} aria-hidden />}
            onClick={() => {
              setSaid([]);
              setWords('');
            }}
          >
            {t('trial.again')}
          </Button>
        </>
      )}
    </section>
  );
}

function Turn({ turn, first }: { turn: TrialTurn; first: boolean }) {
  const { t } = useTranslation('flows');
  return (
    <>
      {!first && <p className={classes.caller}>{turn.caller || t('trial.silence')}</p>}
      {turn.calls.map((call) => (
        <p key={call.tool} className={classes.tool}>
          {t('trial.called', { tool: call.tool, outcome: call.outcome })}
        </p>
      ))}
      {turn.agent && <p className={classes.agent}>{turn.agent}</p>}
      {turn.nodes.length > 0 && <p className={classes.trail}>{turn.nodes.join(' → ')}</p>}
    </>
  );
}
