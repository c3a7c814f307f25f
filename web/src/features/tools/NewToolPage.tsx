import { IconFileImport, IconSearch } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useAccess } from '~/components/access';
import { Forbidden } from '~/components/Forbidden';
import { LazyWords } from '~/components/LazyWords';
import { LoadFailed } from '~/components/LoadFailed';
import page from '~/components/Page.module.css';
import { PageTitle } from '~/components/PageTitle';
import { toolQuery } from './api';
import { emptyForm, formOf } from './form';
import { type Kind, kinds } from './kinds';
import { kindIcons } from './ToolCard';
import { ToolEditor } from './ToolEditor';
import classes from './tools.module.css';

interface Props {
  kind?: Kind;
  copy?: string;
}

/** A new tool: first of which type, then its form. A copy begins with what the other has. */
export function NewToolPage(props: Props) {
  return (
    <LazyWords namespace="tools">
      <NewTool {...props} />
    </LazyWords>
  );
}

function NewTool({ kind, copy }: Props) {
  const { t } = useTranslation('tools');
  const { allowed } = useAccess('tools:write');
  if (!allowed) return <Forbidden needs="tools:write" title={t('new.title')} />;
  return (
    <div className={page.page}>
      <div className={page.head}>
        <div>
          <PageTitle subtitle={t(kind || copy ? 'new.subtitle' : 'new.choose')}>{t('new.title')}</PageTitle>
        </div>
      </div>
      {copy ? <Copy id={copy} /> : kind ? <Editor kind={kind} /> : <Types />}
    </div>
  );
}

function Editor({ kind }: { kind: Kind }) {
  const navigate = useNavigate();
  const [first] = useState(() => emptyForm(kind));
  return (
    <ToolEditor first={first} saved={(tool) => void navigate({ to: '/tools/$toolId', params: { toolId: tool.id } })} />
  );
}

function Copy({ id }: { id: string }) {
  const { t } = useTranslation('tools');
  const navigate = useNavigate();
  const tool = useQuery(toolQuery(id));
  if (tool.isError) return <LoadFailed error={tool.error} retry={() => void tool.refetch()} />;
  if (!tool.data) return null;
  const form = formOf(tool.data);
  const first = {
    ...form,
    name: `${form.name.slice(0, 58)}_copy`,
    display: t('new.copyName', { name: tool.data.display_name }),
    // A secret is nobody's to copy.
    authValue: form.authValue.includes('•') ? '' : form.authValue,
    password: form.password.includes('•') ? '' : form.password,
    headers: form.headers.filter((p) => !p.value.includes('•')),
    env: form.env.filter((p) => !p.value.includes('•')),
  };
  return (
    <ToolEditor first={first} saved={(made) => void navigate({ to: '/tools/$toolId', params: { toolId: made.id } })} />
  );
}

function Types() {
  const { t } = useTranslation('tools');
  return (
    <ul className={classes.types}>
      {kinds.map((kind) => {
        const Icon = kindIcons[kind];
        return (
          <li key={kind}>
            <Link to="/tools/add" search={{ kind }} className={`${page.card} ${classes.type}`}>
              <Icon size={26} stroke={1.6} aria-hidden />
              <b>{t(`type.${kind}`)}</b>
              <span>{t(`typeText.${kind}`)}</span>
            </Link>
          </li>
        );
      })}
      {(['openapi', 'rag'] as const).map((kind) => {
        const Icon = kind === 'openapi' ? IconFileImport : IconSearch;
        return (
          <li key={kind}>
            <div className={`${page.card} ${classes.type}`} data-off>
              <Icon size={26} stroke={1.6} aria-hidden />
              <b>{t(`type.${kind}`)}</b>
              <span>{t(`typeText.${kind}`)}</span>
            </div>
          </li>
        );
      })}
    </ul>
  );
}
