import { Kbd, Modal } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import classes from '~/app/ShortcutsHelp.module.css';
import { screens } from '~/app/screens';

/** The list of what keys do. */
export function ShortcutsHelp({ opened, close }: { opened: boolean; close(): void }) {
  const { t } = useTranslation(['shell', 'common']);
  const rows: [string[], string][] = [
    [['Ctrl', 'K'], t('shortcuts.search')],
    [['/'], t('shortcuts.search')],
    [['?'], t('shortcuts.help')],
    ...screens.flatMap((s): [string[], string][] =>
      'keys' in s ? [[s.keys.split(''), t('shortcuts.goTo', { screen: t(`screen.${s.id}.name`) })]] : [],
    ),
  ];
  const talking: [string[], string][] = [
    [['M'], t('shortcuts.mute')],
    [[t('shortcuts.escape')], t('shortcuts.interrupt')],
    [['Ctrl', t('shortcuts.enter')], t('shortcuts.end')],
  ];
  return (
    <Modal
      opened={opened}
      onClose={close}
      title={t('shortcuts.title')}
      closeButtonProps={{ 'aria-label': t('common:close') }}
      centered
    >
      <Keys rows={rows} />
      <h3 className={classes.part}>{t('shortcuts.session')}</h3>
      <Keys rows={talking} />
      <p className={classes.note}>{t('shortcuts.off')}</p>
    </Modal>
  );
}

function Keys({ rows }: { rows: [string[], string][] }) {
  return (
    <dl className={classes.list}>
      {rows.map(([keys, text]) => (
        <div key={keys.join()} className={classes.row}>
          <dt>
            {keys.map((k) => (
              <Kbd key={k}>{k}</Kbd>
            ))}
          </dt>
          <dd>{text}</dd>
        </div>
      ))}
    </dl>
  );
}
