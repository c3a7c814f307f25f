import { Skeleton } from '@mantine/core';
import { IconPhoneIncoming, IconPhoneOutgoing } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Template } from '~/api/prompts';
import { LoadFailed } from '~/components/LoadFailed';
import { withTemplate } from './form';
import classes from './Instructions.module.css';
import { Proposal } from './Proposal';
import { templateQuery, templatesQuery } from './promptApi';
import type { WayProps } from './step';

/** Agents for usual tasks, ready but for the facts of one's own company. */
export function FromTemplate({ form, lang, most, take, add }: WayProps) {
  const { t } = useTranslation('instructions');
  const [id, setId] = useState('');
  const list = useQuery(templatesQuery(lang));
  const chosen = useQuery(templateQuery(id, lang));
  if (list.isError) return <LoadFailed error={list.error} retry={() => void list.refetch()} />;
  if (!list.data) return <Skeleton height={160} radius="lg" />;
  return (
    <>
      <div className={classes.templates} role="radiogroup" aria-label={t('way.template')}>
        {list.data.items.map((item) => (
          <TemplateCard key={item.id} template={item} chosen={item.id === id} choose={() => setId(item.id)} />
        ))}
      </div>
      {chosen.isError && <LoadFailed error={chosen.error} retry={() => void chosen.refetch()} />}
      {chosen.data && (
        <Proposal
          title={t('preview', { name: chosen.data.name })}
          text={chosen.data.instructions}
          greeting={chosen.data.greeting}
          most={most}
          over={form.instructions.trim() !== ''}
          replace={(text) => take((f) => ({ ...withTemplate(f, chosen.data), instructions: text }))}
          add={add}
        />
      )}
    </>
  );
}

function TemplateCard({ template, chosen, choose }: { template: Template; chosen: boolean; choose(): void }) {
  const { t } = useTranslation('instructions');
  const Icon = template.direction === 'inbound' ? IconPhoneIncoming : IconPhoneOutgoing;
  return (
    <label className={classes.template} data-chosen={chosen || undefined}>
      <input type="radio" name="template" checked={chosen} onChange={choose} />
      <span className={classes.templateHead}>
        <Icon size={16} stroke={1.8} aria-hidden />
        <b>{template.name}</b>
      </span>
      <span>{template.description}</span>
      <small>{t(`direction.${template.direction}`)}</small>
    </label>
  );
}
