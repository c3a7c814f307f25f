import { useTranslation } from 'react-i18next';
import type { AuditEntry } from '~/api/client';
import { useFormat } from '~/components/useFormat';
import { browserName } from '~/lib/browser';
import type { AuditFilter } from './api';
import { useActionWords } from './audit';
import classes from './settings.module.css';

/** One entry of the trail; who and what narrow the list down to themselves. */
export function AuditRow({ entry, narrow }: { entry: AuditEntry; narrow(more: AuditFilter): void }) {
  const { t } = useTranslation('settings');
  const format = useFormat();
  const words = useActionWords();
  const { actor, target } = entry;
  const name = actor.kind === 'machine' && actor.name === 'machine' ? t('audit.machine') : actor.name;
  return (
    <tr>
      <td className={classes.when}>
        <time dateTime={entry.at}>{format.dateTime(entry.at)}</time>
      </td>
      <td>
        {actor.id ? (
          <button
            type="button"
            className={classes.narrow}
            aria-label={t('audit.narrowActor', { name })}
            onClick={() => narrow({ actor: actor.id })}
          >
            {name}
          </button>
        ) : (
          name
        )}
        <span className={classes.weak} title={entry.browser}>
          {[t(`audit.kind.${actor.kind}`), entry.address, browserName(entry.browser).browser]
            .filter(Boolean)
            .join(' · ')}
        </span>
      </td>
      <td>
        {words(entry.action)}
        {target.id && (
          <button
            type="button"
            className={`${classes.narrow} ${classes.target}`}
            aria-label={t('audit.narrowTarget', { name: target.name || target.id })}
            onClick={() => narrow({ target: target.id })}
          >
            {target.name || target.id}
          </button>
        )}
      </td>
      <td>
        {entry.changes.length > 0 && (
          <dl className={classes.diff}>
            {entry.changes.map((c) => (
              <div key={c.field}>
                <dt>{c.field}</dt>
                <dd>
                  {c.from && <Value as="del" before={t('audit.before', { value: '' })} value={c.from} />}
                  {c.to && <Value as="ins" before={t('audit.after', { value: '' })} value={c.to} />}
                </dd>
              </div>
            ))}
          </dl>
        )}
      </td>
    </tr>
  );
}

/** A value before or after; what colour and line say is also said in words. */
function Value({ as: Element, before, value }: { as: 'del' | 'ins'; before: string; value: string }) {
  return (
    <Element>
      <span className={classes.hidden}>{before}</span>
      {value}
    </Element>
  );
}
