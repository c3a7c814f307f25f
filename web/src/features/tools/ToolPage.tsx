import { Button, Skeleton } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconTrash } from '@tabler/icons-react';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { ToolAnswer } from '~/api/tools';
import { useAccess } from '~/components/access';
import { GuardedButton } from '~/components/Guarded';
import { LazyWords } from '~/components/LazyWords';
import { LoadFailed } from '~/components/LoadFailed';
import { LinkButton } from '~/components/links';
import page from '~/components/Page.module.css';
import { PageTitle } from '~/components/PageTitle';
import { useFormat } from '~/components/useFormat';
import { Chip } from '~/ui/Chip';
import { toolQuery } from './api';
import { DeleteTool } from './DeleteTool';
import { formOf } from './form';
import { Status } from './ToolCard';
import { ToolEditor } from './ToolEditor';
import classes from './tools.module.css';
import { useCategories } from './useCategory';

/** One tool: its form for those who may change it, else what it is. */
export function ToolPage({ id }: { id: string }) {
  return (
    <LazyWords namespace="tools">
      <Loaded id={id} />
    </LazyWords>
  );
}

function Loaded({ id }: { id: string }) {
  const { allowed } = useAccess('tools:write');
  const tool = useQuery({ ...toolQuery(id), refetchOnWindowFocus: false });
  if (tool.isError) {
    return (
      <div className={page.page}>
        <LoadFailed page error={tool.error} retry={() => void tool.refetch()} />
      </div>
    );
  }
  return (
    <div className={page.page}>
      {!tool.data && <Skeleton height={420} radius="lg" className={classes.waiting} />}
      {tool.data && <Head tool={tool.data} />}
      {tool.data && (tool.data.is_system || !allowed ? <Facts tool={tool.data} /> : <Edit tool={tool.data} />)}
    </div>
  );
}

function Head({ tool }: { tool: ToolAnswer }) {
  const { t } = useTranslation('tools');
  const format = useFormat();
  const navigate = useNavigate();
  const [asking, ask] = useDisclosure(false);
  const by = { by: tool.updated_by || '—', at: format.dateTime(tool.updated_at) };
  return (
    <div className={page.head}>
      <div>
        <PageTitle subtitle={tool.is_system ? t('page.system') : t('page.changed', by)}>{tool.display_name}</PageTitle>
      </div>
      <Chip tone={tool.is_system ? 'info' : 'brand'}>{t(tool.is_system ? 'system' : 'custom')}</Chip>
      {!tool.is_system && (
        <>
          <Status tool={tool} />
          <LinkButton to="/tools/add" search={{ copy: tool.id }} variant="default">
            {t('copy')}
          </LinkButton>
          <GuardedButton
            needs="tools:write"
            variant="default"
            leftSection={<IconTrash size={16} stroke={1.8} aria-hidden />}
            onClick={ask.open}
          >
            {t('deletion.confirm')}
          </GuardedButton>
          <DeleteTool
            tool={tool}
            opened={asking}
            close={ask.close}
            deleted={() => void navigate({ to: '/tools', ignoreBlocker: true })}
          />
        </>
      )}
    </div>
  );
}

function Edit({ tool }: { tool: ToolAnswer }) {
  const { t } = useTranslation('tools');
  const queries = useQueryClient();
  const { queryKey } = toolQuery(tool.id);
  const [reloads, setReloads] = useState(0);
  const reload = async () => {
    await queries.invalidateQueries({ queryKey });
    setReloads((n) => n + 1);
  };
  return (
    <ToolEditor
      key={reloads}
      first={formOf(tool)}
      tool={tool}
      saved={(next) => {
        queries.setQueryData(queryKey, next);
        void queries.invalidateQueries({ queryKey: ['tools', 'list'] });
      }}
      reload={
        <Button variant="default" size="compact-sm" onClick={() => void reload()}>
          {t('page.reload')}
        </Button>
      }
    />
  );
}

/** What the tool is, for those who cannot change it. */
function Facts({ tool }: { tool: ToolAnswer }) {
  const { t } = useTranslation('tools');
  const categories = useCategories();
  const { function: f } = tool.definition;
  return (
    <section className={`${page.card} ${classes.section}`}>
      <dl className={classes.facts}>
        <dt>{t('field.name')}</dt>
        <dd>
          <code>{tool.name}</code>
        </dd>
        <dt>{t('filter.type')}</dt>
        <dd>{t(`type.${tool.type}`)}</dd>
        <dt>{t('filter.category')}</dt>
        <dd>{categories.name(tool.category)}</dd>
        <dt>{t('field.description')}</dt>
        <dd>{f.description}</dd>
        <dt>{t('field.params')}</dt>
        <dd>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: long ones are scrolled by keyboard */}
          <pre className={classes.code} tabIndex={0}>
            {JSON.stringify(f.parameters, null, 2)}
          </pre>
        </dd>
      </dl>
    </section>
  );
}
