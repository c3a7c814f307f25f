import { ApiError } from '~/api/client';
import classes from '~/components/Problem.module.css';
import { useWords } from '~/components/useWords';

/** A request that failed, in words, beside what asked for it. */
export function Problem({ error }: { error: unknown }) {
  const words = useWords();
  if (!error) return null;
  const { code, message, params } = error instanceof ApiError ? error : new ApiError('unknown', 0, {}, String(error));
  return (
    <p className={classes.problem} role="alert">
      {words.error(code, message, params)}
    </p>
  );
}
