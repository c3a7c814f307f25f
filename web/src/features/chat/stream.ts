import { ApiError } from '~/api/client';

/** What the events of a reply say. Types that are not here are passed over. */
export type ReplyEvent =
  | { type: 'session'; session_id: string; welcome?: string }
  | { type: 'content'; content: string }
  | { type: 'tool_call'; tool: string; arguments: unknown; call_id: string }
  | { type: 'tool_result'; tool: string; result: unknown; call_id: string; failed?: boolean }
  | { type: 'error'; code: string; message: string; params?: Record<string, string> }
  | {
      type: 'done';
      session_id: string;
      finish_reason: string;
      usage: { prompt_tokens: number; completion_tokens: number };
    };

export interface Ask {
  method: 'GET' | 'POST';
  url: string;
  body?: string;
  /** The last event that arrived, when a stream is read on. */
  after?: string;
  /** Share of the body that is sent, 0 to 1. */
  sent?(share: number): void;
  event(e: ReplyEvent, id: string): void;
  signal: AbortSignal;
}

/**
 * Asks for a stream of events and reads it to its end. It fails with an ApiError when the server refuses, with code "unreachable" when the line breaks off, and quietly
 * returns when it is told to stop. A request of the older kind is used, since only that tells how much of a large body is sent.
 */
export function readStream(ask: Ask): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open(ask.method, ask.url);
    request.setRequestHeader('Accept', 'text/event-stream');
    request.setRequestHeader('Accept-Language', 'en');
    if (ask.body !== undefined) request.setRequestHeader('Content-Type', 'application/json');
    if (ask.after) request.setRequestHeader('Last-Event-ID', ask.after);
    let read = 0;
    const more = (whole: boolean) => {
      if (request.status !== 200) return;
      // Events end with an empty line; what is after the last one is still on its way.
      const end = whole ? request.responseText.length : request.responseText.lastIndexOf('\n\n') + 2;
      if (end <= read) return;
      const text = request.responseText.slice(read, end);
      read = end;
      for (const block of text.split('\n\n')) dispatch(block, ask.event);
    };
    const stop = () => {
      request.abort();
      resolve();
    };
    request.upload.onprogress = (e) => e.lengthComputable && ask.sent?.(e.loaded / e.total);
    request.onprogress = () => more(false);
    request.onload = () => {
      if (request.status === 200) {
        more(true);
        resolve();
      } else reject(refusal(request));
    };
    request.onerror = () => {
      more(false);
      reject(new ApiError('unreachable', 0, {}, ''));
    };
    request.onloadend = () => ask.signal.removeEventListener('abort', stop);
    if (ask.signal.aborted) return resolve();
    ask.signal.addEventListener('abort', stop);
    request.send(ask.body);
  });
}

function dispatch(block: string, event: Ask['event']): void {
  let data = '';
  let id = '';
  for (const line of block.split('\n')) {
    if (line.startsWith('data:')) data += line.slice(5).trimStart();
    else if (line.startsWith('id:')) id = line.slice(3).trim();
  }
  if (data === '') return; // a sign of life
  try {
    event(JSON.parse(data), id);
  } catch {
    // Half of an event, of a line that broke off: it comes again.
  }
}

function refusal(request: XMLHttpRequest): ApiError {
  try {
    const body = JSON.parse(request.responseText);
    if (typeof body.code === 'string')
      return new ApiError(body.code, request.status, body.params ?? {}, body.detail ?? '');
  } catch {
    // Something in between answered.
  }
  return new ApiError(request.status === 413 ? 'attachments_too_large' : 'internal', request.status, {}, '');
}
