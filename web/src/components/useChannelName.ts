import { useTranslation } from 'react-i18next';

/** Names of channels in the reader's language; one that has none is called as the server calls it. */
export function useChannelName(): (channel: string) => string {
  const { t, i18n } = useTranslation('calls');
  return (channel) => {
    const known = i18n.exists(`calls:channel.${channel}`) ? channel : 'other';
    return t(`channel.${known}` as 'channel.other', { channel });
  };
}
