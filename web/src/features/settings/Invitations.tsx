import { useDisclosure } from '@mantine/hooks';
import { IconMailForward } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import type { Invitation } from '~/api/client';
import { Confirm } from '~/components/Confirm';
import { GuardedButton } from '~/components/Guarded';
import { LoadFailed } from '~/components/LoadFailed';
import { useFormat } from '~/components/useFormat';
import { Chip } from '~/ui/Chip';
import { deleteInvitation, invitationsQuery } from './api';
import { Section } from './Section';
import classes from './settings.module.css';

/** Who was invited and has not come yet. */
export function Invitations() {
  const { t } = useTranslation('settings');
  const invitations = useQuery(invitationsQuery());
  if (invitations.isError) return <LoadFailed error={invitations.error} retry={() => void invitations.refetch()} />;
  if (!invitations.data || invitations.data.items.length === 0) return null;
  return (
    <Section title={t('invitations.title')} text={t('invitations.text')} flush>
      <ul className={classes.rows}>
        {invitations.data.items.map((i) => (
          <Row key={i.id} invitation={i} />
        ))}
      </ul>
    </Section>
  );
}

function Row({ invitation }: { invitation: Invitation }) {
  const { t } = useTranslation(['settings', 'common']);
  const format = useFormat();
  const queries = useQueryClient();
  const [asking, ask] = useDisclosure(false);
  const removal = useMutation({
    mutationFn: () => deleteInvitation(invitation.id),
    onSuccess: () => queries.invalidateQueries({ queryKey: invitationsQuery().queryKey }),
  });
  return (
    <li className={classes.row}>
      <IconMailForward size={22} stroke={1.6} aria-hidden className={classes.rowIcon} />
      <div className={classes.rowText}>
        <strong>{invitation.email}</strong>
        <span>
          {t('invitations.by', {
            role: t(`common:role.${invitation.role}`),
            name: invitation.invited_by,
            until: format.dateTime(invitation.expires_at),
          })}
        </span>
      </div>
      {invitation.expired && <Chip tone="warn">{t('invitations.expired')}</Chip>}
      <GuardedButton
        needs="people:write"
        variant="default"
        size="xs"
        aria-label={t('invitations.withdrawOf', { email: invitation.email })}
        onClick={ask.open}
      >
        {t('invitations.withdraw')}
      </GuardedButton>
      <Confirm
        opened={asking}
        title={t('invitations.withdrawTitle')}
        text={t('invitations.withdrawText', { email: invitation.email })}
        confirm={t('invitations.withdraw')}
        pending={removal.isPending}
        error={removal.error}
        close={ask.close}
        go={() => removal.mutate()}
      />
    </li>
  );
}
