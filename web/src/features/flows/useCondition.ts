import { useTranslation } from 'react-i18next';
import type { Step } from './model';

const known = ['failed', 'yes', 'no', 'other', 'ok', 'done', 'unavailable', 'human', 'cancel'] as const;

/** Words what an edge waits for. */
export function useCondition(lang: string): (step: Step | undefined, on: string) => string {
  const { t } = useTranslation('flows');
  return (step, on) => {
    if (on === '') return t('on.always');
    const option = step?.options?.find((o) => o.value === on);
    if (option) return option.label[lang] || on;
    const word = known.find((k) => k === on);
    return word ? t(`on.${word}`) : on;
  };
}
