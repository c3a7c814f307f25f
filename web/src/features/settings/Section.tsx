import { type ReactNode, useId } from 'react';
import page from '~/components/Page.module.css';
import classes from './settings.module.css';

interface Props {
  title: string;
  text?: ReactNode;
  /** Beside the title. */
  aside?: ReactNode;
  /** Lists go to the edge. */
  flush?: boolean;
  children: ReactNode;
}

export function Section({ title, text, aside, flush, children }: Props) {
  const id = useId();
  return (
    <section className={`${page.card} ${classes.section}`} aria-labelledby={id} data-flush={flush || undefined}>
      <header className={classes.sectionHead}>
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
