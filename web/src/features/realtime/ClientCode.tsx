import { Button, CopyButton, Tabs, VisuallyHidden } from '@mantine/core';
import { IconCheck, IconCopy } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import page from '~/components/Page.module.css';
import classes from './ClientCode.module.css';
import { partsOf } from './colours';
import { type ClientLanguage, languages, snippets } from './snippets';
import type { Session } from './wish';

/** The same call from a program of one's own. */
export function ClientCode({ session }: { session: Session }) {
  const { t } = useTranslation('realtime');
  return (
    <section className={page.card} aria-labelledby="realtime-code">
      <div className={classes.head}>
        <h2 id="realtime-code" className={classes.title}>
          {t('code.title')}
        </h2>
        <p className={classes.text}>{t('code.text')}</p>
      </div>
      <Tabs defaultValue={languages[0]} keepMounted={false}>
        <Tabs.List className={classes.tabs}>
          {languages.map((l) => (
            <Tabs.Tab key={l} value={l}>
              {t(`code.${l}`)}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        {languages.map((l) => (
          <Tabs.Panel key={l} value={l}>
            <Code language={l} session={session} />
          </Tabs.Panel>
        ))}
      </Tabs>
    </section>
  );
}

function Code({ language, session }: { language: ClientLanguage; session: Session }) {
  const { t } = useTranslation(['realtime', 'common']);
  const code = snippets[language]({ origin: window.location.origin, session, question: t('code.question') });
  return (
    <>
      <div className={classes.bar}>
        <p className={classes.note}>{t(`code.note.${language}`)}</p>
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
                {copied ? t('common:copied') : t('code.copy')}
              </Button>
            </>
          )}
        </CopyButton>
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <section className={classes.box} tabIndex={0} aria-label={t(`code.${language}`)}>
        <pre className={classes.code}>
          <code>{coloured(code)}</code>
        </pre>
      </section>
      <p className={classes.key}>{t('code.key')}</p>
    </>
  );
}

function coloured(code: string) {
  let at = 0;
  return partsOf(code).map(({ kind, text }) => {
    const key = at;
    at += text.length;
    return kind ? (
      <span key={key} data-part={kind}>
        {text}
      </span>
    ) : (
      text
    );
  });
}
