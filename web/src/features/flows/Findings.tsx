import { UnstyledButton } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import page from '~/components/Page.module.css';
import type { Finding } from './api';
import classes from './flows.module.css';
import { type Definition, stepAt } from './model';
import { useFinding } from './useFinding';

interface Props {
  findings: Finding[];
  d: Definition;
  choose(node?: string): void;
}

/** What keeps a flow from being used, each a way to where it is mended. */
export function Findings({ findings, d, choose }: Props) {
  const { t } = useTranslation('flows');
  const words = useFinding();
  return (
    <section className={`${page.card} ${classes.panel}`} aria-label={t('findings')}>
      <h2>
        <IconAlertTriangle size={17} stroke={1.9} aria-hidden className={classes.alert} />
        {t('findings')}
      </h2>
      <ul className={classes.findings}>
        {findings.slice(0, 12).map((f) => {
          const node = f.node || stepAt(d, f.path);
          return (
            <li key={`${f.path} ${f.code}`}>
              <UnstyledButton onClick={() => choose(node)}>
                {node && <code>{node}</code>}
                <span>{words(f)}</span>
              </UnstyledButton>
            </li>
          );
        })}
      </ul>
    </section>
  );
}
