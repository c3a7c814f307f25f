import { useTranslation } from 'react-i18next';

/** What the audit trail calls things, in the order of the filter. */
export const actions = [
  'session.opened',
  'session.refused',
  'session.closed',
  'session.ended',
  'installation.set_up',
  'person.changed',
  'person.removed',
  'password.changed',
  'password.reset',
  'invitation.made',
  'invitation.accepted',
  'invitation.deleted',
  'key.made',
  'key.revoked',
  'provider.changed',
  'provider.reset',
  'tenant.made',
  'tenant.changed',
  'agent.made',
  'agent.changed',
  'agent.published',
  'agent.embed_secret_made',
  'agent.embed_secret_deleted',
  'agent.unpublished',
  'agent.duplicated',
  'agent.imported',
  'agent.rolled_back',
  'agent.deleted',
  'agent.restored',
  'flow.made',
  'flow.changed',
  'flow.copied',
  'flow.rolled_back',
  'flow.deleted',
  'operator.changed',
  'billing_rate.changed',
  'conversation.deleted',
  'call.ended',
  'tool.made',
  'tool.changed',
  'tool.deleted',
  'tool_variable.set',
  'tool_variable.deleted',
  'effect.decided',
  'phone_call.placed',
  'phone_call.ended',
  'phone_call.transferred',
  'phone_call.deleted',
  'phone_message.sent',
  'phone_message.deleted',
  'phone_recording.deleted',
  'phone_number.changed',
  'phone_number.removed',
  'phone_consent.changed',
  'phone_carrier.synced',
] as const;

/** Words for an action; one that is newer than the console reads as it is called. */
export function useActionWords(): (action: string) => string {
  const { t, i18n } = useTranslation('settings');
  return (action) => {
    const key = `action.${action.replace('.', '_')}`;
    return i18n.exists(`settings:${key}`) ? t(key as 'action.key_made') : action;
  };
}
