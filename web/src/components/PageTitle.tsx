import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import classes from '~/components/PageTitle.module.css';

interface Props {
  children: string;
  /** Small print under the title. */
  subtitle?: ReactNode;
  /** Not visible: the words are shown in another form, and this is for those who read by ear. */
  visible?: boolean;
}

/** The page's one heading, and with the same words the document's title. */
export function PageTitle({ children, subtitle, visible = true }: Props) {
  const { t } = useTranslation();
  return (
    <>
      <title>{t('title', { page: children })}</title>
      <h1 className={visible ? classes.title : classes.hidden}>{children}</h1>
      {subtitle && <p className={classes.subtitle}>{subtitle}</p>}
    </>
  );
}
