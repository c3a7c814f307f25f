import type { TFunction } from 'i18next';
import type { ConversationDetail } from '~/api/client';
import type { Format } from '~/components/useFormat';
import { download } from '~/lib/download';
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

/** The transcript for a spreadsheet. */
export function saveCsv(call: ConversationDetail): void {
  save(`${call.id}.csv`, 'text/csv;charset=utf-8', csvOf(call));
}

const columns = [
  'at_ms',
  'end_ms',
  'role',
  'heard',
  'said',
  'cut',
  'latency_ms',
  'confidence',
  'tool',
  'arguments',
  'output',
  'failed',
  'took_ms',
] as const;

/** A row for each thing said and each tool used, headed by the API's own names. */
export function csvOf(call: Pick<ConversationDetail, 'transcript'>): string {
  const rows = call.transcript
    .toSorted((a, b) => a.at_ms - b.at_ms)
    .map((line) => {
      const row: Record<(typeof columns)[number], string | number | boolean | undefined> = {
        at_ms: line.at_ms,
        end_ms: line.end_ms,
        role: line.role,
        heard: line.role === 'tool' ? undefined : line.text,
        said: line.said,
        cut: line.role === 'agent' ? line.cut === true : undefined,
        latency_ms: line.latency_ms,
        confidence: line.confidence,
        tool: line.tool?.name,
        arguments: line.tool?.arguments,
        output: line.tool?.output,
        failed: line.tool?.failed,
        took_ms: line.tool?.took_ms,
      };
      return columns.map((c) => cell(row[c])).join(',');
    });
  // The mark in front makes spreadsheets take the rest for UTF-8.
  return `\uFEFF${[columns.join(','), ...rows].join('\r\n')}\r\n`;
}

/** What somebody said is no formula, whatever it begins with. */
function cell(value: string | number | boolean | undefined): string {
  if (typeof value !== 'string') return value === undefined ? '' : String(value);
  const harmless = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}

/** One line for each thing said, with its time; what was not heard is marked. */
export function textOf(call: ConversationDetail, t: Words, format: Format): string {
  const head = t('export.heading', { agent: call.agent_name || t('noAgent'), date: format.dateTime(call.started_at) });
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

const save = (name: string, type: string, text: string) => download(new Blob([text], { type }), name);
