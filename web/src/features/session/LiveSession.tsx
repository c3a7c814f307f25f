import { useEffect, useRef, useState } from 'react';
import type { Agent } from '~/api/client';
import { isLive, isOver } from '~/live/call';
import { takeWish } from '~/live/intent';
import { useLiveCall } from '~/live/useLiveCall';
import { BeforeStart } from './BeforeStart';
import { Connecting } from './Connecting';
import { Dock } from './Dock';
import { Inspector } from './Inspector';
import classes from './LiveSession.module.css';
import { Log } from './Log';
import { Notices } from './Notices';
import { Outcome } from './Outcome';
import { SessionHeader } from './SessionHeader';
import { useShortcuts } from './useShortcuts';

/** A conversation while it happens. */
export function LiveSession({ agent }: { agent: Agent }) {
  const live = useLiveCall(agent.reference);
  const { call, client, start } = live;
  const [confirming, setConfirming] = useState(false);
  const begin = useRef(start);
  begin.current = start;

  // A click on "talk" brought the person here: no second click is asked for.
  // Not within the effect itself: what leaves at once, as in React's strict mode, must not have begun a call.
  useEffect(() => {
    let gone = false;
    queueMicrotask(() => {
      if (!gone && takeWish(agent.reference)) begin.current(agent.listens);
    });
    return () => {
      gone = true;
    };
  }, [agent]);
  useShortcuts(live, () => setConfirming(true));

  const begun = call.state.name !== 'idle';
  return (
    <div className={classes.session}>
      <SessionHeader agent={agent} call={call} />
      <div className={classes.body}>
        <section className={classes.centre} aria-label={agent.name}>
          <Notices agent={agent} live={live} />
          {!begun && <BeforeStart agent={agent} start={start} />}
          {call.state.name === 'connecting' && <Connecting call={call} client={client} />}
          {begun && call.state.name !== 'connecting' && <Log call={call} agent={agent.name} />}
          {isOver(call.state) && <Outcome call={call} state={call.state} again={() => start(agent.listens)} />}
          {isLive(call.state) && (
            <Dock agent={agent} call={call} client={client} confirming={confirming} setConfirming={setConfirming} />
          )}
        </section>
        <Inspector agent={agent} call={call} client={client} />
      </div>
    </div>
  );
}
