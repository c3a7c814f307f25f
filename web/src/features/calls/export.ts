import type { TFunction } from 'i18next';
import type { ConversationDetail } from '~/api/client';
import type { Format } from '~/components/useFormat';
import { fetchEvents } from './api';
import { transcriptOf } from './lines';

type Words = TFunction<['calls', 'common']>;

/** Everything that is known of a conversation, as one JSON file: what the API says, and its journal. */
export async function saveJson(call: ConversationDetail): Promise<void> {
  const events = await fetchEvents(call.id).then(
    (list) => list.items,
    () => undefined, // without the journal the rest is still worth having
  );
  save(`${call.id}.json`, 'application/json', JSON.stringify({ ...call, events }, null, 2));
}

/** The transcript for people to read. */
export function saveText(call: ConversationDetail, t: Words, format: Format): void {
  save(`${call.id}.txt`, 'text/plain;charset=utf-8', textOf(call, t, format));
}

/** One line for each thing said, with its time; what was not heard is marked. */
export function textOf(call: ConversationDetail, t: Words, format: Format): string {
  const head = t('export.heading', { agent: call.agent_name, date: format.dateTime(call.started_at) });
  const lines = transcriptOf(call.transcript).map((line): string => {
    const time = format.clock(line.at);
    switch (line.kind) {
      case 'caller':
        return `${time}  ${t('common:transcript.caller')}: ${line.text || t('common:transcript.unrecognised')}`;
      case 'agent': {
        const { heard, unheard } = line.spoken;
        const rest = unheard.trim() ? ` ${t('export.notHeard', { text: unheard.trim() })}` : '';
        return `${time}  ${call.agent_name}: ${heard.trimEnd()}${rest}`;
      }
      case 'tool':
        return `${time}  ${t('export.tool', { name: line.name })}`;
    }
  });
  return `${[head, '', ...lines].join('\n')}\n`;
}

function save(name: string, type: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}
