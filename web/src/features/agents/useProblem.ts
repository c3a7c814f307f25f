import { useTranslation } from 'react-i18next';
import { type Finding, Incomplete } from '~/api/agents';
import { ApiError } from '~/api/client';
import { useWords } from '~/components/useWords';

/** Words for what an agent's request was refused for, and for what is wrong with an agent. */
export function useProblem() {
  const { t, i18n } = useTranslation('agents');
  const words = useWords();
  const finding = (f: Finding): string => {
    const key = i18n.exists(`agents:finding.${f.code}`) ? `finding.${f.code}` : 'finding.other';
    // Some words take a count, which is not one that they are declined by.
    return t(key as 'finding.other', { ...f.params, message: f.message });
  };
  return {
    finding,
    problem: (error: unknown): string => {
      if (error instanceof Incomplete) {
        return error.findings
          .filter((f) => f.severity === 'error')
          .map(finding)
          .join(' ');
      }
      if (!(error instanceof ApiError)) return String(error);
      return words.error(error.code, error.message, error.params);
    },
  };
}
