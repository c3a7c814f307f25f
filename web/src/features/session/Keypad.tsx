import { useTranslation } from 'react-i18next';
import classes from './Keypad.module.css';

const keys = ['1', '2', '3', '4', '5', '6', '7', '8', '9', '*', '0', '#'] as const;

/** The twelve keys of a telephone. */
export function Keypad({ press }: { press(key: string): void }) {
  const { t } = useTranslation('session');
  const spoken = (key: string) => (key === '*' ? t('keys.star') : key === '#' ? t('keys.hash') : key);
  return (
    <fieldset className={classes.pad} aria-label={t('keys.title')}>
      {keys.map((key) => (
        <button key={key} type="button" aria-label={t('keys.key', { key: spoken(key) })} onClick={() => press(key)}>
          {key}
        </button>
      ))}
    </fieldset>
  );
}
