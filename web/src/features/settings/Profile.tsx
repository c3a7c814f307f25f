import { Button, NativeSelect, PasswordInput, Switch, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Person } from '~/api/client';
import { sessionQuery, setProfile } from '~/api/identity';
import { useMe } from '~/components/access';
import { PageTitle } from '~/components/PageTitle';
import { Problem } from '~/components/Problem';
import { isLanguage, languages } from '~/lib/language';
import { setShortcuts, shortcutsOn } from '~/lib/shortcuts';
import { changePassword } from './api';
import { Section } from './Section';
import { Sessions } from './Sessions';
import classes from './settings.module.css';

/** What concerns the reader alone: name, language, password, where they are signed in. */
export function Profile() {
  const { t } = useTranslation(['settings', 'common']);
  const me = useMe();
  const role = me?.role ? t(`common:role.${me.role}`) : '';
  return (
    <>
      <div className={classes.head}>
        <PageTitle
          subtitle={me?.person ? t('profile.who', { email: me.person.email, role, tenant: me.tenant.name }) : undefined}
        >
          {t('profile.title')}
        </PageTitle>
      </div>
      {me?.person ? <About person={me.person} /> : <p className={classes.notice}>{t('profile.machine')}</p>}
      <Comfort />
      {me?.kind === 'session' && (
        <>
          <Password has={me.has_password} />
          <Sessions />
        </>
      )}
    </>
  );
}

function About({ person }: { person: Person }) {
  const { t, i18n } = useTranslation(['settings', 'common']);
  const queries = useQueryClient();
  const [name, setName] = useState(person.name);
  const [language, setLanguage] = useState(person.language || i18n.language);
  const save = useMutation({
    mutationFn: () => setProfile(name, isLanguage(language) ? language : 'fr'),
    onSuccess: (now) => queries.setQueryData(sessionQuery().queryKey, (me) => me && { ...me, person: now }),
  });
  const changed = name !== person.name || language !== (person.language || i18n.language);
  return (
    <Section title={t('profile.about')}>
      <form
        className={classes.form}
        onSubmit={(e) => {
          e.preventDefault();
          save.mutate();
        }}
      >
        <TextInput
          label={t('profile.name')}
          autoComplete="name"
          required
          withAsterisk={false}
          maxLength={100}
          value={name}
          onChange={(e) => setName(e.currentTarget.value)}
        />
        <NativeSelect
          label={t('common:language.label')}
          value={language}
          onChange={(e) => setLanguage(e.currentTarget.value)}
          data={languages.map((l) => ({ value: l, label: t(`common:language.${l}`) }))}
        />
        <Problem error={save.error} />
        <div className={classes.buttons}>
          <Button type="submit" loading={save.isPending} disabled={!changed}>
            {t('save')}
          </Button>
          <span role="status" className={classes.saved}>
            {save.isSuccess && !changed && t('saved')}
          </span>
        </div>
      </form>
    </Section>
  );
}

/** Kept in this browser: hands differ from desk to desk. */
function Comfort() {
  const { t } = useTranslation('settings');
  const [on, setOn] = useState(shortcutsOn);
  return (
    <Section title={t('profile.comfort')}>
      <Switch
        label={t('profile.shortcuts')}
        description={t('profile.shortcutsHelp')}
        checked={on}
        onChange={(e) => {
          setShortcuts(e.currentTarget.checked);
          setOn(e.currentTarget.checked);
        }}
      />
    </Section>
  );
}

function Password({ has }: { has: boolean }) {
  const { t } = useTranslation('settings');
  const queries = useQueryClient();
  const [current, setCurrent] = useState('');
  const [password, setPassword] = useState('');
  const save = useMutation({
    mutationFn: () => changePassword(has ? current : undefined, password),
    onSuccess: (me) => {
      setCurrent('');
      setPassword('');
      queries.setQueryData(sessionQuery().queryKey, me);
      void queries.invalidateQueries({ queryKey: ['profile'] });
    },
  });
  const toggle = { 'aria-label': t('profile.showPassword') };
  return (
    <Section title={t('profile.password')} text={t('profile.passwordText')}>
      <form
        className={classes.form}
        onSubmit={(e) => {
          e.preventDefault();
          save.mutate();
        }}
      >
        {has && (
          <PasswordInput
            label={t('profile.current')}
            autoComplete="current-password"
            required
            withAsterisk={false}
            value={current}
            onChange={(e) => setCurrent(e.currentTarget.value)}
            visibilityToggleButtonProps={toggle}
          />
        )}
        <PasswordInput
          label={t('profile.new')}
          description={t('profile.newHelp')}
          autoComplete="new-password"
          required
          withAsterisk={false}
          value={password}
          onChange={(e) => setPassword(e.currentTarget.value)}
          visibilityToggleButtonProps={toggle}
        />
        <Problem error={save.error} />
        <div className={classes.buttons}>
          <Button type="submit" loading={save.isPending}>
            {t('profile.change')}
          </Button>
          <span role="status" className={classes.saved}>
            {save.isSuccess && password === '' && t('profile.changed')}
          </span>
        </div>
      </form>
    </Section>
  );
}
