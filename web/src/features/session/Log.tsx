import { VisuallyHidden } from '@mantine/core';
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { transcriptOf } from '~/components/liveTranscript';
import { Transcript } from '~/components/Transcript';
import { type Call, isLive } from '~/live/call';
import classes from './Log.module.css';

/** The transcript while it grows. Follows the newest words unless the person has scrolled back. */
export function Log({ call, agent }: { call: Call; agent: string }) {
  const { t } = useTranslation(['session', 'common']);
  const lines = useMemo(() => transcriptOf(call), [call]);
  const box = useRef<HTMLDivElement>(null);
  const following = useRef(true);

  useLayoutEffect(() => {
    if (lines.length > 0 && following.current && box.current) box.current.scrollTop = box.current.scrollHeight;
  }, [lines]);

  const onScroll = () => {
    const el = box.current;
    if (el) following.current = el.scrollHeight - el.scrollTop - el.clientHeight < 48;
  };
  return (
    <>
      <div
        ref={box}
        className={classes.log}
        role="log"
        aria-live="off"
        aria-label={t('common:transcript.label')}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
        tabIndex={0}
        onScroll={onScroll}
      >
        <div className={classes.inner}>
          {lines.length === 0 && isLive(call.state) && <p className={classes.empty}>{t('empty')}</p>}
          <Transcript lines={lines} agent={agent} caller={t('common:transcript.you')} />
        </div>
      </div>
      <Spoken call={call} agent={agent} />
    </>
  );
}

/** For those who read by ear: each finished sentence once, instead of every word as it comes. */
function Spoken({ call, agent }: { call: Call; agent: string }) {
  const { t } = useTranslation('common');
  const [text, setText] = useState('');
  const finished = call.lines.findLast((l) =>
    l.kind === 'agent'
      ? l.outcome !== undefined || l.written
      : l.kind === 'caller' && l.state === 'final' && l.text !== '',
  );
  useEffect(() => {
    if (finished?.kind === 'agent') setText(`${agent}: ${finished.outcome?.heard ?? finished.text}`);
    else if (finished?.kind === 'caller') setText(`${t('transcript.you')}: ${finished.text}`);
  }, [finished, agent, t]);
  return <VisuallyHidden aria-live="polite">{text}</VisuallyHidden>;
}
