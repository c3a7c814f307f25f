import { Button } from '@mantine/core';
import { IconTool, IconTrash } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import type { Finding } from '~/api/agents';
import { Chip } from '~/ui/Chip';
import { maxTools } from './form';
import { useProblem } from './useProblem';
import type { StepProps } from './Wizard';
import classes from './Wizard.module.css';

/** What the agent can do besides talking. Tools that it has and the server has not are said, and can be taken away. */
export function StepTools({ form, edit, findings }: StepProps & { findings: Finding[] }) {
  const { t } = useTranslation('agents');
  const { finding } = useProblem();
  const { tools } = form;
  if (tools.length === 0) {
    return (
      <div className={classes.nothing}>
        <IconTool size={26} stroke={1.5} aria-hidden />
        <p>{t('wizard.tools.none')}</p>
      </div>
    );
  }
  return (
    <div className={classes.fields}>
      <p className={classes.place}>
        <Chip small>{t('wizard.tools.count', { count: tools.length, most: maxTools })}</Chip>
      </p>
      <ul className={classes.tools}>
        {tools.map((tool, i) => {
          const wrong = findings.filter((f) => f.field === `tools[${i}]` || f.params?.tool === tool);
          return (
            <li key={tool}>
              <span className={classes.tool}>
                <b>{tool}</b>
                {wrong.map((f) => (
                  <span key={f.code} className={classes.finding} data-severity={f.severity}>
                    {finding(f)}
                  </span>
                ))}
              </span>
              <Button
                size="compact-sm"
                variant="default"
                leftSection={<IconTrash size={15} stroke={1.8} aria-hidden />}
                aria-label={t('wizard.tools.removeOf', { tool })}
                onClick={() => edit((f) => ({ ...f, tools: f.tools.filter((o) => o !== tool) }))}
              >
                {t('wizard.tools.remove')}
              </Button>
            </li>
          );
        })}
      </ul>
    </div>
  );
}
