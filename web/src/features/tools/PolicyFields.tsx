import { NativeSelect, NumberInput } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import page from '~/components/Page.module.css';
import type { ToolForm } from './form';
import type { PartProps } from './part';
import classes from './tools.module.css';

/** How calls are made: who decides, how long they may take, what the agent says meanwhile. */
export function PolicyFields({ form, edit }: Omit<PartProps, 'wrong'>) {
  const { t } = useTranslation('tools');
  const seconds = (key: 'timeout' | 'filler' | 'later', most: number) => (
    <NumberInput
      label={t(`policy.${key}`)}
      description={t(`policy.${key}Help`)}
      placeholder={t('policy.default')}
      suffix={t('policy.unit')}
      min={0}
      max={most}
      value={form[key]}
      onChange={(v) => edit({ [key]: typeof v === 'number' ? v : '' })}
    />
  );
  return (
    <section className={`${page.card} ${classes.section}`}>
      <h2>{t('section.policy')}</h2>
      <label className={classes.check}>
        <input type="checkbox" checked={form.approval} onChange={(e) => edit({ approval: e.currentTarget.checked })} />
        <span>
          {t('policy.approval')}
          <small>{t('policy.approvalHelp')}</small>
        </span>
      </label>
      <div className={classes.pair}>
        <NativeSelect
          label={t('policy.effect')}
          description={t('policy.effectHelp')}
          value={form.effect}
          onChange={(e) => edit({ effect: e.currentTarget.value as ToolForm['effect'] })}
          data={[
            { value: '', label: t('policy.effectAuto') },
            { value: 'yes', label: t('policy.effectYes') },
            { value: 'no', label: t('policy.effectNo') },
          ]}
        />
        {seconds('timeout', 300)}
        {seconds('filler', 60)}
        {seconds('later', 120)}
      </div>
    </section>
  );
}
