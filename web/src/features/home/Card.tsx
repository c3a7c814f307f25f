import { IconChevronRight } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import type { ComponentType, ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { CallSearch } from '~/components/callSearch';
import classes from './Card.module.css';

interface Props {
  icon: ComponentType<{ size?: number; stroke?: number; 'aria-hidden'?: boolean }>;
  title: string;
  /** Of twelve columns. */
  span: 3 | 4 | 5 | 6 | 8 | 12;
  /** The list that the card sums up. */
  to?: CallSearch;
  aside?: ReactNode;
  children: ReactNode;
}

/** A figure with its cause: the title leads to the list behind it. */
export function Card({ icon: Icon, title, span, to, aside, children }: Props) {
  const { t } = useTranslation('home');
  return (
    <section className={classes.card} data-span={span} aria-label={title}>
      <div className={classes.head}>
        <Icon size={17} stroke={1.8} aria-hidden />
        <h2 className={classes.title}>
          {to ? (
            <Link to="/agents/voice-history" search={to} className={classes.link} title={t('openList')}>
              {title}
              <IconChevronRight size={14} stroke={2} aria-hidden />
            </Link>
          ) : (
            title
          )}
        </h2>
        {aside}
      </div>
      {children}
    </section>
  );
}

/** The card's main figure. */
export function Figure({ children, unit }: { children: ReactNode; unit?: ReactNode }) {
  return (
    <span className={classes.figure}>
      {children}
      {unit && <small> {unit}</small>}
    </span>
  );
}
