import { useTranslation } from 'react-i18next';
import type { Agent } from '~/api/client';
import type { Call } from '~/live/call';
import { Chip, type Tone } from '~/ui/Chip';
import classes from './Floor.module.css';

type Key = 'yours' | 'caller' | 'thinking' | 'agent' | 'held';

const tones: Record<Key, Tone> = { yours: 'pos', caller: 'info', thinking: 'warn', agent: 'brand', held: 'info' };

function keyOf({ state }: Call): Key {
  switch (state.name) {
    case 'speaking':
      return 'agent';
    case 'thinking':
      return 'thinking';
    case 'held':
      return 'held';
    case 'listening':
      return state.caller ? 'caller' : 'yours';
    default:
      return 'yours';
  }
}

/** Who has the floor, in a word, and what the person can do about it. */
export function Floor({ agent, call }: { agent: Agent; call: Call }) {
  const { t } = useTranslation('session');
  const key = keyOf(call);
  const muted = call.mic.state === 'muted';
  const listens = call.mic.state === 'on';
  const hint = muted ? 'muted' : key === 'agent' ? 'interrupt' : listens ? 'speak' : 'write';
  return (
    <>
      <span role="status" data-floor={key}>
        <Chip tone={tones[key]}>
          {(key === 'agent' || key === 'caller') && (
            <span className={classes.bars} aria-hidden>
              <i />
              <i />
              <i />
              <i />
            </span>
          )}
          {t(`floor.${key}`, { name: agent.name })}
        </Chip>
      </span>
      <span className={classes.hint} data-muted={muted || undefined}>
        {t(`hint.${hint}`)}
      </span>
    </>
  );
}
