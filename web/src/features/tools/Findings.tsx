import { IconAlertTriangle } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import type { Complaint } from '~/api/tools';
import { characters } from './form';
import classes from './tools.module.css';

/** What the validator says of the words above. */
export function Findings({ list }: { list: Complaint[] }) {
  const { t } = useTranslation('tools');
  if (list.length === 0) return null;
  return (
    <ul className={classes.findings}>
      {list.map((c) => (
        <li key={`${c.path}/${c.code}`}>
          <IconAlertTriangle size={14} stroke={1.9} aria-hidden />
          {t(`complaint.${c.code}`)}
        </li>
      ))}
    </ul>
  );
}

/** How long a description is; longer ones fill the model's memory. */
export function Counter({ text, most }: { text: string; most: number }) {
  const { t } = useTranslation('tools');
  const used = characters(text);
  return (
    <p className={classes.counter} data-over={used > most || undefined}>
      {t(used > most ? 'over' : 'used', { used, most })}
    </p>
  );
}
