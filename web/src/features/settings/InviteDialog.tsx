import { Button, Group, Modal, Radio, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ApiError, type NewInvitation, type Role } from '~/api/client';
import { rolesQuery, setupQuery } from '~/api/identity';
import { LinkButton } from '~/components/links';
import { Problem } from '~/components/Problem';
import { useFormat } from '~/components/useFormat';
import { invitationsQuery, invite } from './api';
import { CopyField } from './CopyField';
import classes from './settings.module.css';

/** Asks whom to invite to what, and then shows the link to send, this once. */
export function InviteDialog({ opened, close }: { opened: boolean; close(): void }) {
  const { t } = useTranslation(['settings', 'common']);
  const [made, setMade] = useState<NewInvitation | null>(null);
  return (
    <Modal
      opened={opened}
      onClose={close}
      onExitTransitionEnd={() => setMade(null)}
      title={made ? t('invite.madeTitle') : t('invite.title')}
      closeButtonProps={{ 'aria-label': t('common:close') }}
      size={480}
      centered
      // What is shown once is not lost to a click beside it.
      closeOnClickOutside={!made}
    >
      {made ? <Made invitation={made} close={close} /> : <Form done={setMade} close={close} />}
    </Modal>
  );
}

function Form({ done, close }: { done(made: NewInvitation): void; close(): void }) {
  const { t } = useTranslation(['settings', 'common']);
  const queries = useQueryClient();
  const roles = useQuery(rolesQuery());
  const setup = useQuery(setupQuery());
  const [email, setEmail] = useState('');
  const [role, setRole] = useState<Role>('user');
  const making = useMutation({
    mutationFn: () => invite(email.trim(), role),
    onSuccess: (made) => {
      void queries.invalidateQueries({ queryKey: invitationsQuery().queryKey });
      done(made);
    },
  });
  if (setup.data?.needed) {
    return (
      <>
        <p className={classes.paragraph}>{t('invite.setupFirst')}</p>
        <Group justify="flex-end">
          <LinkButton to="/setup">{t('invite.setUp')}</LinkButton>
        </Group>
      </>
    );
  }
  const badEmail = making.error instanceof ApiError && making.error.code === 'bad_email';
  return (
    <form
      className={classes.form}
      onSubmit={(e) => {
        e.preventDefault();
        making.mutate();
      }}
    >
      <TextInput
        label={t('invite.email')}
        type="email"
        required
        withAsterisk={false}
        data-autofocus
        autoComplete="off"
        value={email}
        onChange={(e) => setEmail(e.currentTarget.value)}
        aria-invalid={badEmail || undefined}
      />
      <Radio.Group label={t('invite.role')} value={role} onChange={(value) => setRole(value as Role)}>
        <div className={classes.radios}>
          {(roles.data?.items ?? []).map((r) => (
            <Radio
              key={r.role}
              value={r.role}
              label={t(`common:role.${r.role}`)}
              description={t(`common:roleText.${r.role}`)}
            />
          ))}
        </div>
      </Radio.Group>
      <Problem error={making.error} />
      <Group justify="flex-end">
        <Button variant="default" onClick={close}>
          {t('common:cancel')}
        </Button>
        <Button type="submit" loading={making.isPending}>
          {t('invite.make')}
        </Button>
      </Group>
    </form>
  );
}

function Made({ invitation, close }: { invitation: NewInvitation; close(): void }) {
  const { t } = useTranslation('settings');
  const format = useFormat();
  return (
    <div className={classes.form}>
      <p className={classes.paragraph}>
        {t('invite.made', { email: invitation.email, until: format.dateTime(invitation.expires_at) })}
      </p>
      <CopyField label={t('invite.link')} value={`${window.location.origin}${invitation.path}`} />
      <Group justify="flex-end">
        <Button variant="default" onClick={close}>
          {t('done')}
        </Button>
      </Group>
    </div>
  );
}
