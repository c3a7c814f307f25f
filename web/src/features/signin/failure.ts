import { useEffect, useState } from 'react';
import { ApiError } from '~/api/client';
import { useWords } from '~/components/useWords';

/** Which field of a form a problem is about, by its code. */
const fieldOf: Record<string, string> = {
  bad_email: 'email',
  bad_name: 'name',
  password_too_short: 'password',
  password_too_long: 'password',
  password_common: 'password',
  password_is_name: 'password',
  setup_token_wrong: 'token',
};

export interface Failure {
  /** About the whole form; null when there is none. */
  general: string | null;
  /** About one field. */
  of(field: string): string | undefined;
}

/** A failed request in words, beside the field that it is about. */
export function useFailure(error: unknown): Failure {
  const words = useWords();
  if (!error) return { general: null, of: () => undefined };
  const problem = error instanceof ApiError ? error : new ApiError('unknown', 0, {}, String(error));
  const text = words.error(problem.code, problem.message, problem.params);
  const field = fieldOf[problem.code];
  return { general: field ? null : text, of: (name) => (name === field ? text : undefined) };
}

/** Seconds until a next attempt is heard, counting down; 0 when it is now. */
export function useWait(error: unknown): number {
  const [left, setLeft] = useState(0);
  useEffect(() => {
    const limited = error instanceof ApiError && error.code === 'too_many_attempts';
    const seconds = limited ? Number(error.params.seconds) || 1 : 0;
    const until = performance.now() + seconds * 1000;
    setLeft(seconds);
    if (seconds === 0) return;
    const timer = setInterval(() => {
      const rest = Math.max(0, Math.ceil((until - performance.now()) / 1000));
      setLeft(rest);
      if (rest === 0) clearInterval(timer);
    }, 500);
    return () => clearInterval(timer);
  }, [error]);
  return left;
}
