import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { PageTitle } from '~/components/PageTitle';
import classes from './signin.module.css';

const bars = [16, 34, 58, 28, 76, 48, 92, 40, 64, 30, 84, 52, 24, 60, 36, 18];

interface Props {
  title: string;
  text?: ReactNode;
  /** Room for more than a form. */
  wide?: boolean;
  children: ReactNode;
}

/** The pages before the console itself: what this is on one side, what to do on the other. */
export function Front({ title, text, wide, children }: Props) {
  const { t } = useTranslation('signin');
  return (
    <div className={classes.front} data-wide={wide || undefined}>
      <aside className={classes.side}>
        <p className={classes.promise}>{t('promise')}</p>
        <div className={classes.wave} aria-hidden>
          {bars.map((height, n) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: a drawing
            <i key={n} style={{ height: `${height}%` }} />
          ))}
        </div>
        <p className={classes.small}>{t('promiseSmall')}</p>
      </aside>
      <div className={classes.content}>
        <div className={classes.box}>
          <PageTitle subtitle={text}>{title}</PageTitle>
          {children}
        </div>
      </div>
    </div>
  );
}
