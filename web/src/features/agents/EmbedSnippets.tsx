import { Button, CopyButton, Tabs, VisuallyHidden } from '@mantine/core';
import { IconCheck, IconCopy } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import page from '~/components/Page.module.css';
import classes from './Embed.module.css';
import { kinds, snippet } from './embedApi';

/** What is copied into a page, to show the agent there. */
export function EmbedSnippets({ id, name, voice }: { id: string; name: string; voice: boolean }) {
  const { t } = useTranslation('embed');
  return (
    <section className={`${page.card} ${classes.section}`} aria-labelledby="embed-code">
      <h2 id="embed-code">{t('snippets.title')}</h2>
      <p className={classes.note}>{t('snippets.help')}</p>
      <Tabs defaultValue={kinds[0]} keepMounted={false}>
        <Tabs.List className={classes.tabs}>
          {kinds.map((k) => (
            <Tabs.Tab key={k} value={k}>
              {t(`snippets.${k}`)}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        {kinds.map((k) => (
          <Tabs.Panel key={k} value={k}>
            <Code
              label={t(`snippets.${k}`)}
              note={t(`snippets.${k}Help`)}
              code={snippet(k, { origin: window.location.origin, id, name, voice })}
            />
          </Tabs.Panel>
        ))}
      </Tabs>
    </section>
  );
}

/** A text to copy. */
export function Code({ label, note, code }: { label: string; note: string; code: string }) {
  const { t } = useTranslation(['embed', 'common']);
  return (
    <>
      <div className={classes.bar}>
        <p className={classes.note}>{note}</p>
        <CopyButton value={code}>
          {({ copied, copy }) => (
            <>
              <VisuallyHidden role="status">{copied ? t('common:copied') : ''}</VisuallyHidden>
              <Button
                variant="default"
                size="xs"
                leftSection={copied ? <IconCheck size={15} aria-hidden /> : <IconCopy size={15} aria-hidden />}
                onClick={copy}
              >
                {copied ? t('common:copied') : t('copy')}
              </Button>
            </>
          )}
        </CopyButton>
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by the keyboard */}
      <section className={classes.box} tabIndex={0} aria-label={label}>
        <pre>
          <code>{code}</code>
        </pre>
      </section>
    </>
  );
}
