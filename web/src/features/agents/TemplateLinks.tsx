import { IconPhoneIncoming, IconPhoneOutgoing } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import type { Agent } from '~/api/agents';
import classes from './Gallery.module.css';
import { templatesQuery, writtenLanguage } from './promptApi';

/** Templates to begin with, each the first step of the wizard. Without them nothing is shown: one can begin from nothing. */
export function TemplateLinks({ kind }: { kind: Agent['kind'] }) {
  const { t, i18n } = useTranslation('agents');
  const list = useQuery(templatesQuery(writtenLanguage(i18n.language, 'en'))).data?.items;
  if (!list) return null;
  return (
    <section className={classes.begin} aria-labelledby="templates">
      <h2 id="templates">{t('templates.title')}</h2>
      <p>{t('templates.text')}</p>
      <ul>
        {list.map((item) => {
          const Icon = item.direction === 'inbound' ? IconPhoneIncoming : IconPhoneOutgoing;
          return (
            <li key={item.id}>
              <Link to="/agents/unified/create" search={{ kind, template: item.id }} className={classes.beginCard}>
                <span className={classes.beginHead}>
                  <Icon size={17} stroke={1.8} aria-hidden />
                  <b>{item.name}</b>
                </span>
                <span>{item.description}</span>
              </Link>
            </li>
          );
        })}
      </ul>
    </section>
  );
}
