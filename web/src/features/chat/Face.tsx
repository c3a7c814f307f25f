import { Orb } from '~/ui/Orb';
import classes from './Chat.module.css';
import type { ChatProfile } from './chat';

/** How an agent looks: its emoji, its picture, or the mark of its name. Decoration: the name stands beside it. */
export function Face({ agent, size }: { agent: ChatProfile; size: number }) {
  const { avatar_url: avatar } = agent.appearance;
  if (avatar.startsWith('/')) return <img className={classes.face} src={avatar} alt="" width={size} height={size} />;
  // A picture of another site is for the pages of that site: here it would tell it who looks.
  if (avatar === '' || avatar.includes(':')) return <Orb name={agent.name} size={size} />;
  return (
    <span className={classes.face} style={{ width: size, height: size, fontSize: size * 0.55 }} aria-hidden>
      {avatar}
    </span>
  );
}
