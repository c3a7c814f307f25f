import { Switch } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import {
  IconApi,
  IconBrandPython,
  IconCopy,
  IconEye,
  IconPencil,
  IconPuzzle,
  IconServerBolt,
  IconTrash,
} from '@tabler/icons-react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import type { Tool } from '~/api/tools';
import { useAccess } from '~/components/access';
import { GuardedIcon } from '~/components/Guarded';
import { LinkButton, LinkIcon } from '~/components/links';
import page from '~/components/Page.module.css';
import { Problem } from '~/components/Problem';
import { Chip } from '~/ui/Chip';
import { toggleTool } from './api';
import { DeleteTool } from './DeleteTool';
import classes from './tools.module.css';
import { useCategories } from './useCategory';

export const kindIcons = { api: IconApi, mcp_server: IconServerBolt, code: IconBrandPython, builtin: IconPuzzle };

export function ToolCard({ tool }: { tool: Tool }) {
  const { t } = useTranslation('tools');
  const categories = useCategories();
  const { allowed } = useAccess('tools:write');
  const [asking, ask] = useDisclosure(false);
  const Icon = kindIcons[tool.type];
  const name = tool.display_name;
  // A server describes its tools itself: what matters here is which server.
  const at = tool.execution?.server_url || tool.execution?.url || tool.execution?.command;
  const unsaid = tool.type === 'mcp_server' ? at : t('noDescription');
  const open = { to: '/tools/$toolId', params: { toolId: tool.id } } as const;
  return (
    <article className={`${page.card} ${classes.card}`} aria-labelledby={`tool-${tool.id}`}>
      <header className={classes.head}>
        <span className={classes.icon} data-kind={tool.type}>
          <Icon size={22} stroke={1.7} aria-hidden />
        </span>
        <div className={classes.names}>
          <h2 id={`tool-${tool.id}`}>
            <Link {...open} className={classes.open}>
              {name}
            </Link>
          </h2>
          {tool.display_name !== tool.name && <code>{tool.name}</code>}
        </div>
        <Chip tone={tool.is_system ? 'info' : 'brand'}>{t(tool.is_system ? 'system' : 'custom')}</Chip>
      </header>
      <p className={classes.description}>{tool.definition.function.description || unsaid}</p>
      <p className={classes.chips}>
        <Chip small>{categories.name(tool.category)}</Chip>
        <Chip small>{t(`type.${tool.type}`)}</Chip>
        {tool.policy.approval && (
          <Chip small tone="warn">
            {t('asks')}
          </Chip>
        )}
      </p>
      <footer className={classes.actions}>
        {tool.is_system ? <Chip tone="pos">{t('status.active')}</Chip> : <Status tool={tool} />}
        <span className={classes.space} />
        {tool.is_system || !allowed ? (
          <LinkButton {...open} variant="subtle" size="sm" leftSection={<IconEye size={16} stroke={1.8} aria-hidden />}>
            {t('look')}
          </LinkButton>
        ) : (
          <>
            <LinkIcon {...open} variant="subtle" color="gray" size="lg" aria-label={t('editOf', { name })}>
              <IconPencil size={18} stroke={1.8} aria-hidden />
            </LinkIcon>
            <LinkIcon
              to="/tools/add"
              search={{ copy: tool.id }}
              variant="subtle"
              color="gray"
              size="lg"
              aria-label={t('copyOf', { name })}
            >
              <IconCopy size={18} stroke={1.8} aria-hidden />
            </LinkIcon>
            <GuardedIcon
              needs="tools:write"
              variant="subtle"
              color="gray"
              size="lg"
              aria-label={t('deleteOf', { name })}
              onClick={ask.open}
            >
              <IconTrash size={18} stroke={1.8} aria-hidden />
            </GuardedIcon>
            <DeleteTool tool={tool} opened={asking} close={ask.close} />
          </>
        )}
      </footer>
    </article>
  );
}

/** Switches a tool on and off. Agents that name one that is off do without. */
export function Status({ tool }: { tool: Tool }) {
  const { t } = useTranslation('tools');
  const queries = useQueryClient();
  const { allowed, reason } = useAccess('tools:write');
  const toggle = useMutation({
    mutationFn: () => toggleTool(tool.id),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['tools'] }),
  });
  const active = (tool.status === 'active') !== toggle.isPending;
  return (
    <span title={reason}>
      <Switch
        size="sm"
        label={t(active ? 'status.active' : 'status.inactive')}
        aria-label={t('activeOf', { name: tool.display_name })}
        checked={active}
        disabled={!allowed || toggle.isPending}
        onChange={() => toggle.mutate()}
      />
      <Problem error={toggle.error} />
    </span>
  );
}
