import { Button, Menu } from '@mantine/core';
import { IconLayoutDistributeVertical, IconPlus, IconSettings } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { kindIcons } from './kindIcons';
import { add, arranged, kinds } from './model';
import type { PartProps } from './part';

/** Adds steps, and puts all of them in order. */
export function Palette({ d, fixed, edit, choose, chosen }: PartProps) {
  const { t } = useTranslation('flows');
  return (
    <>
      <Button
        variant="default"
        size="sm"
        leftSection={<IconSettings size={16} stroke={1.8} aria-hidden />}
        aria-pressed={!chosen}
        onClick={() => choose(undefined)}
      >
        {t('settings.title')}
      </Button>
      {!fixed && (
        <>
          <Menu position="bottom-start">
            <Menu.Target>
              <Button size="sm" variant="light" leftSection={<IconPlus size={16} stroke={2} aria-hidden />}>
                {t('add')}
              </Button>
            </Menu.Target>
            <Menu.Dropdown>
              {kinds.map((kind) => {
                const Icon = kindIcons[kind];
                return (
                  <Menu.Item
                    key={kind}
                    leftSection={<Icon size={16} stroke={1.8} aria-hidden />}
                    onClick={() => {
                      const made = add(d, kind, chosen);
                      edit(() => made.definition);
                      choose(made.id);
                    }}
                  >
                    {t(`kind.${kind}`)}
                  </Menu.Item>
                );
              })}
            </Menu.Dropdown>
          </Menu>
          <Button
            variant="default"
            size="sm"
            leftSection={<IconLayoutDistributeVertical size={16} stroke={1.8} aria-hidden />}
            onClick={() => edit(arranged)}
          >
            {t('arrange')}
          </Button>
        </>
      )}
    </>
  );
}
