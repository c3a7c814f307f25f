import { Button, Group, Modal, SegmentedControl } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { AgentConflict, AgentKeys } from '~/api/agents';
import classes from './AgentPage.module.css';
import { nested } from './form';
import { useKeyWords } from './useKeyWords';

interface Props {
  conflict: AgentConflict;
  /** Saves these keys over the agent as it is now; none: it stays as the other left it. */
  settle(mine: AgentKeys): Promise<boolean>;
  /** Puts it aside: nothing is saved, and nothing is lost. */
  close(): void;
}

/** Somebody else has saved the agent: both versions, and a choice per key. What only one of the two has changed is kept at first. */
export function ConflictDialog({ conflict, settle, close }: Props) {
  const { t } = useTranslation(['agents', 'common']);
  const words = useKeyWords();
  const { theirs, yours, current } = conflict;
  const both = new Set(theirs.map((d) => d.path));
  const paths = [...new Set([...yours, ...theirs].map((d) => d.path))].sort();
  const [choice, setChoice] = useState<Record<string, 'mine' | 'theirs'>>({});
  const [busy, setBusy] = useState(false);
  const of = (path: string) =>
    choice[path] ?? (yours.some((d) => d.path === path) && !both.has(path) ? 'mine' : 'theirs');
  const save = async (mine: typeof yours) => {
    setBusy(true);
    await settle(nested(mine.map((d) => ({ path: d.path, value: d.after }))));
    setBusy(false);
  };
  return (
    <Modal
      opened
      onClose={close}
      size="xl"
      title={t('conflict.title')}
      closeButtonProps={{ 'aria-label': t('common:close') }}
    >
      <p className={classes.quiet}>
        {t('conflict.text', { by: current.updated_by || t('conflict.somebody'), version: current.version })}
      </p>
      {paths.map((path) => {
        const mine = yours.find((d) => d.path === path);
        const other = theirs.find((d) => d.path === path);
        const before = (mine ?? other)?.before;
        return (
          <section key={path} className={classes.clash}>
            <h3>{words.key(path)}</h3>
            <dl>
              <dt>{t('conflict.before')}</dt>
              <dd>{words.value(before)}</dd>
              <dt>{t('conflict.theirs')}</dt>
              <dd>{words.value(other ? other.after : before)}</dd>
              <dt>{t('conflict.mine')}</dt>
              <dd>{words.value(mine ? mine.after : before)}</dd>
            </dl>
            {mine && (
              <SegmentedControl
                size="xs"
                aria-label={t('conflict.keep', { what: words.key(path) })}
                value={of(path)}
                onChange={(value) => setChoice({ ...choice, [path]: value as 'mine' | 'theirs' })}
                data={[
                  { value: 'theirs', label: t('conflict.keepTheirs') },
                  { value: 'mine', label: t('conflict.keepMine') },
                ]}
              />
            )}
          </section>
        );
      })}
      <Group justify="flex-end" mt="md">
        <Button variant="subtle" color="gray" onClick={close}>
          {t('conflict.later')}
        </Button>
        <Button variant="default" disabled={busy} onClick={() => void save([])}>
          {t('conflict.discard')}
        </Button>
        <Button loading={busy} data-autofocus onClick={() => void save(yours.filter((d) => of(d.path) === 'mine'))}>
          {t('conflict.save')}
        </Button>
      </Group>
    </Modal>
  );
}
