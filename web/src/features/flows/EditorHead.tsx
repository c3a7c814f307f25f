import { ActionIcon, Button, Menu, Tooltip } from '@mantine/core';
import { useDisclosure, useHotkeys } from '@mantine/hooks';
import { IconArrowBackUp, IconArrowForwardUp, IconChevronDown, IconCopy, IconHistory } from '@tabler/icons-react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { lazy, Suspense } from 'react';
import { useTranslation } from 'react-i18next';
import { ApiError } from '~/api/client';
import { GuardedButton } from '~/components/Guarded';
import page from '~/components/Page.module.css';
import { PageTitle } from '~/components/PageTitle';
import { Problem } from '~/components/Problem';
import { useFormat } from '~/components/useFormat';
import { Chip } from '~/ui/Chip';
import { copyFlow, type FlowDetail, flowQuery, saveFlow } from './api';
import { State } from './FlowGallery';
import classes from './flows.module.css';
import type { History, Move } from './history';
import type { Definition } from './model';
import { useTitle } from './useTitle';

const Versions = lazy(() => import('./Versions'));

interface Props {
  flow: FlowDetail;
  tag: string;
  d: Definition;
  dirty: boolean;
  fixed: boolean;
  problems: number;
  history: History<Definition>;
  act(move: Move<Definition>): void;
  saved(definition: Definition): void;
}

/** The flow's name, and what is done with the whole of it. */
export function EditorHead({ flow, tag, d, dirty, fixed, problems, history, act, saved }: Props) {
  const { t } = useTranslation('flows');
  const format = useFormat();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const { title } = useTitle(flow);
  const [showing, show] = useDisclosure(false);
  const { queryKey } = flowQuery(flow.id);
  const save = useMutation({
    mutationFn: (draft: boolean) => saveFlow({ id: flow.id, tag, definition: d, draft }),
    onMutate: () => d,
    onSuccess: (next, _, was) => {
      saved(was);
      // The editor stays as it is: what was typed in the meantime is not saved yet.
      flow.version = next.flow.version;
      queries.setQueryData(queryKey, next);
      void queries.invalidateQueries({ queryKey: ['flows', 'list'] });
      void queries.invalidateQueries({ queryKey: [...queryKey, 'versions'] });
    },
  });
  const copy = useMutation({
    mutationFn: () => copyFlow(flow.id),
    onSuccess: async (made) => {
      await queries.invalidateQueries({ queryKey: ['flows', 'list'] });
      await navigate({ to: '/flows/$flowId', params: { flowId: made.id } });
    },
  });
  const undo = () => act({ do: 'undo' });
  const redo = () => act({ do: 'redo' });
  useHotkeys(
    fixed
      ? []
      : [
          ['mod+Z', undo],
          ['mod+shift+Z', redo],
          ['mod+Y', redo],
          ['mod+S', () => save.mutate(false)],
        ],
  );
  const conflict = save.error instanceof ApiError && save.error.code === 'changed_meanwhile';
  const own = flow.source === 'own';
  return (
    <div className={page.head}>
      <div>
        <PageTitle
          subtitle={
            own
              ? t('changedBy', {
                  by: flow.updated_by || '—',
                  at: flow.updated_at ? format.dateTime(flow.updated_at) : '—',
                })
              : t('builtinText')
          }
        >
          {own ? d.name || title : title}
        </PageTitle>
        <p className={classes.chips}>
          {own ? (
            <State flow={flow} />
          ) : (
            <Chip small tone="info">
              {t('builtin')}
            </Chip>
          )}
          {own && problems > 0 && (
            <Chip small tone="neg">
              {t('problems', { count: problems })}
            </Chip>
          )}
        </p>
      </div>
      {!fixed && (
        <div className={classes.buttons}>
          <Step label={t('undo')} icon={IconArrowBackUp} off={history.past.length === 0} go={undo} />
          <Step label={t('redo')} icon={IconArrowForwardUp} off={history.future.length === 0} go={redo} />
        </div>
      )}
      {own && (
        <Button variant="default" leftSection={<IconHistory size={16} stroke={1.8} aria-hidden />} onClick={show.open}>
          {t('versions.title')}
        </Button>
      )}
      {!own && (
        <GuardedButton
          needs="agents:write"
          loading={copy.isPending}
          leftSection={<IconCopy size={16} stroke={1.8} aria-hidden />}
          onClick={() => copy.mutate()}
        >
          {t('copy')}
        </GuardedButton>
      )}
      {!fixed && (
        <Button.Group>
          <Button loading={save.isPending} onClick={() => save.mutate(false)}>
            {t(problems > 0 ? 'saveDraft' : 'save')}
          </Button>
          <Menu position="bottom-end">
            <Menu.Target>
              <Button px={8} aria-label={t('moreSaving')}>
                <IconChevronDown size={16} stroke={2} aria-hidden />
              </Button>
            </Menu.Target>
            <Menu.Dropdown>
              <Menu.Item onClick={() => save.mutate(true)}>{t('saveDraft')}</Menu.Item>
            </Menu.Dropdown>
          </Menu>
        </Button.Group>
      )}
      <span role="status" className={classes.saved}>
        {!fixed && (dirty ? t('dirty') : save.isSuccess && t('saved'))}
      </span>
      <Problem error={save.error ?? copy.error} />
      {conflict && (
        <Button variant="default" size="compact-sm" onClick={() => void queries.invalidateQueries({ queryKey })}>
          {t('reload')}
        </Button>
      )}
      {showing && (
        <Suspense fallback={null}>
          <Versions flow={flow} fixed={fixed} close={show.close} />
        </Suspense>
      )}
    </div>
  );
}

interface MoveProps {
  label: string;
  icon: typeof IconHistory;
  off: boolean;
  go(): void;
}

function Step({ label, icon: Icon, off, go }: MoveProps) {
  return (
    <Tooltip label={label}>
      <ActionIcon variant="default" size="lg" aria-label={label} disabled={off} onClick={go}>
        <Icon size={18} stroke={1.8} aria-hidden />
      </ActionIcon>
    </Tooltip>
  );
}
