import { type ReactNode, useId } from 'react';
import page from '~/components/Page.module.css';
import classes from './phone.module.css';

interface Props {
  title: string;
  text?: ReactNode;
  /** Beside the title. */
  aside?: ReactNode;
  /** Lists go to the edge. */
  flush?: boolean;
  children: ReactNode;
}

/** A part of a page with a heading of its own. */
export function Card({ title, text, aside, flush, children }: Props) {
  const id = useId();
  return (
    <section className={`${page.card} ${classes.card}`} aria-labelledby={id} data-flush={flush || undefined}>
      <header className={classes.cardHead}>
        <div>
          <h2 id={id}>{title}</h2>
          {text && <p>{text}</p>}
        </div>
        {aside}
      </header>
      {children}
    </section>
  );
}
