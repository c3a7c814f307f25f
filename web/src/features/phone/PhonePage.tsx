import { Link, Navigate } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { useAccess } from '~/components/access';
import { Forbidden } from '~/components/Forbidden';
import { LazyWords } from '~/components/LazyWords';
import page from '~/components/Page.module.css';
import { PageTitle } from '~/components/PageTitle';
import { CallsTab } from './CallsTab';
import { ConfigTab } from './ConfigTab';
import { HistoryTab } from './HistoryTab';
import classes from './phone.module.css';
import { type PhoneSearch, tabs } from './search';
import { VoiceTab } from './VoiceTab';

interface Props {
  search: PhoneSearch;
  go(search: PhoneSearch): void;
}

/** The phone assistant: calls, trying voices, the history, and the configuration. */
export function PhonePage(props: Props) {
  return (
    <LazyWords namespace="phone">
      <Phone {...props} />
    </LazyWords>
  );
}

function Phone({ search, go }: Props) {
  const { t } = useTranslation('phone');
  const { allowed } = useAccess('conversations:read');
  if (!allowed) return <Forbidden needs="conversations:read" title={t('title')} />;
  const shown = search.tab ?? 'calls';
  if (shown === 'flows') return <Navigate to="/flows" replace />;
  return (
    <div className={page.page}>
      <div className={page.head}>
        <div>
          <PageTitle subtitle={t('subtitle')}>{t('title')}</PageTitle>
        </div>
      </div>
      <nav className={classes.tabs} aria-label={t('title')}>
        <ul>
          {tabs.map((tab) => (
            <li key={tab}>
              {tab === 'flows' ? (
                <Link to="/flows" className={classes.tab}>
                  {t('tab.flows')}
                </Link>
              ) : (
                <Link
                  to="/assistant-vocal"
                  search={{ tab }}
                  className={classes.tab}
                  activeProps={{}}
                  aria-current={tab === shown ? 'page' : undefined}
                >
                  {t(`tab.${tab}`)}
                </Link>
              )}
            </li>
          ))}
        </ul>
      </nav>
      {shown === 'calls' && <CallsTab />}
      {shown === 'voice-test' && <VoiceTab />}
      {shown === 'history' && <HistoryTab search={search} go={go} />}
      {shown === 'config' && <ConfigTab />}
    </div>
  );
}
