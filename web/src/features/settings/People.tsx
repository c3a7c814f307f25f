import { NativeSelect, Skeleton, Tooltip } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconUserPlus } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Member, Role } from '~/api/client';
import { rolesQuery, sessionQuery } from '~/api/identity';
import { useAccess, useMe } from '~/components/access';
import { Confirm } from '~/components/Confirm';
import { Forbidden } from '~/components/Forbidden';
import { GuardedButton } from '~/components/Guarded';
import { LoadFailed } from '~/components/LoadFailed';
import { PageTitle } from '~/components/PageTitle';
import { Problem } from '~/components/Problem';
import { useFormat } from '~/components/useFormat';
import { Chip } from '~/ui/Chip';
import { Orb } from '~/ui/Orb';
import { changePerson, peopleQuery, removePerson } from './api';
import { Invitations } from './Invitations';
import { InviteDialog } from './InviteDialog';
import { Section } from './Section';
import { SignInWays } from './SignInWays';
import classes from './settings.module.css';

/** Who belongs to the tenant, with which role, and who is invited. */
export function People() {
  const { t } = useTranslation('settings');
  const { allowed } = useAccess('people:read');
  const people = useQuery({ ...peopleQuery(), enabled: allowed });
  const [inviting, dialog] = useDisclosure(false);
  if (!allowed) return <Forbidden needs="people:read" title={t('people.title')} />;
  return (
    <>
      <div className={classes.head}>
        <div>
          <PageTitle subtitle={t('people.subtitle')}>{t('people.title')}</PageTitle>
        </div>
        <GuardedButton
          needs="people:write"
          leftSection={<IconUserPlus size={17} stroke={1.8} aria-hidden />}
          onClick={dialog.open}
        >
          {t('people.invite')}
        </GuardedButton>
      </div>
      <InviteDialog opened={inviting} close={dialog.close} />
      {people.isPending && <Skeleton height={220} radius="lg" />}
      {people.isError && <LoadFailed error={people.error} retry={() => void people.refetch()} />}
      {people.data && (
        <Section title={t('people.members', { count: people.data.total })} flush>
          {people.data.items.length === 0 ? (
            <p className={classes.nothing}>{t('people.nobody')}</p>
          ) : (
            <div className={classes.tableBox}>
              <table className={classes.table} data-middle>
                <thead>
                  <tr>
                    <th scope="col">{t('people.person')}</th>
                    <th scope="col">{t('people.role')}</th>
                    <th scope="col">{t('people.last')}</th>
                    <th scope="col">
                      <span className={classes.hidden}>{t('actions')}</span>
                    </th>
                  </tr>
                </thead>
                <tbody>
                  {people.data.items.map((m) => (
                    <Row key={m.id} member={m} />
                  ))}
                </tbody>
              </table>
            </div>
          )}
        </Section>
      )}
      <Invitations />
      <SignInWays />
    </>
  );
}

function Row({ member }: { member: Member }) {
  const { t } = useTranslation('settings');
  const format = useFormat();
  const me = useMe();
  const queries = useQueryClient();
  const [asking, ask] = useDisclosure(false);
  const refresh = () => queries.invalidateQueries({ queryKey: peopleQuery().queryKey });
  const self = me?.person?.id === member.id;
  const change = useMutation({
    mutationFn: (what: { role?: Role; disabled?: boolean }) => changePerson(member.id, what),
    onSuccess: async () => {
      await refresh();
      if (self) await queries.invalidateQueries({ queryKey: sessionQuery().queryKey });
    },
  });
  const removal = useMutation({ mutationFn: () => removePerson(member.id), onSuccess: refresh });
  return (
    <tr>
      <th scope="row">
        <div className={classes.person}>
          <Orb name={member.name} size={34} />
          <span>
            <strong>
              {member.name} {self && <Chip small>{t('people.you')}</Chip>}
            </strong>
            <span className={classes.weak}>{member.email}</span>
          </span>
        </div>
        <Problem error={change.error} />
      </th>
      <td>
        <RoleChoice member={member} pending={change.isPending} choose={(role) => change.mutate({ role })} />
      </td>
      <td>
        {member.disabled ? (
          <Chip tone="neg">{t('people.blocked')}</Chip>
        ) : member.signed_in_at ? (
          format.dateTime(member.signed_in_at)
        ) : (
          t('people.never')
        )}
      </td>
      <td className={classes.end}>
        <GuardedButton
          needs="people:write"
          variant="subtle"
          size="xs"
          aria-label={t(member.disabled ? 'people.unblockOf' : 'people.blockOf', { name: member.name })}
          onClick={() => change.mutate({ disabled: !member.disabled })}
        >
          {member.disabled ? t('people.unblock') : t('people.block')}
        </GuardedButton>
        <GuardedButton
          needs="people:write"
          variant="subtle"
          size="xs"
          className={classes.danger}
          aria-label={t('people.removeOf', { name: member.name })}
          onClick={ask.open}
        >
          {t('people.remove')}
        </GuardedButton>
        <Confirm
          opened={asking}
          title={t('people.removeTitle', { name: member.name })}
          text={t('people.removeText', { name: member.name, tenant: me?.tenant.name ?? '' })}
          confirm={t('people.removeConfirm')}
          pending={removal.isPending}
          error={removal.error}
          close={ask.close}
          go={() => removal.mutate()}
        />
      </td>
    </tr>
  );
}

function RoleChoice({ member, pending, choose }: { member: Member; pending: boolean; choose(role: Role): void }) {
  const { t } = useTranslation(['settings', 'common']);
  const roles = useQuery(rolesQuery());
  const { allowed, reason } = useAccess('people:write');
  const [shown, setShown] = useState<Role | null>(null);
  const list = roles.data?.items.map((r) => r.role) ?? [member.role];
  return (
    <Tooltip label={reason} disabled={allowed} events={{ hover: true, focus: true, touch: true }}>
      <NativeSelect
        size="xs"
        className={classes.role}
        aria-label={t('people.roleOf', { name: member.name })}
        value={pending && shown ? shown : member.role}
        disabled={!allowed || pending}
        onChange={(e) => {
          const role = e.currentTarget.value as Role;
          setShown(role);
          choose(role);
        }}
        data={list.map((r) => ({ value: r, label: t(`common:role.${r}`) }))}
      />
    </Tooltip>
  );
}
