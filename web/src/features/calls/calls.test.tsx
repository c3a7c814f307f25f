import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import i18n from 'i18next';
import { HttpResponse, http } from 'msw';
import { describe, expect, it } from 'vitest';
import * as format from '~/lib/format';
import { aConversation, aDetail, aLine, anAgent, anEar } from '~/testing/factories';
import { renderApp } from '~/testing/render';
import { server } from '~/testing/server';
import { csvOf, textOf } from './export';
import { axisTicks, currentAt, rateAt, spansOf, transcriptOf, turnAt, turnsOf } from './lines';

const agents = http.get('*/api/agents', () => HttpResponse.json({ items: [anAgent()], total: 1 }));

describe('the list', () => {
  it('shows conversations and follows the filter in the address', async () => {
    const asked: string[] = [];
    server.use(
      agents,
      http.get('*/api/conversations', ({ request }) => {
        const url = new URL(request.url);
        asked.push(url.search);
        const items = url.searchParams.get('status') === 'failed' ? [] : [aConversation()];
        return HttpResponse.json({ items, total: items.length });
      }),
    );
    const { router } = renderApp('/agents/voice-history');
    const row = await screen.findByRole('row', { name: /Reception/ });
    expect(within(row).getByText('01:00')).toBeVisible();
    expect(within(row).getByText('612 ms')).toBeVisible();
    expect(within(row).getByRole('link')).toHaveAttribute('href', '/agents/voice-history/c-1');

    await userEvent.selectOptions(screen.getByRole('combobox', { name: 'State' }), 'failed');
    expect(await screen.findByText('No conversation matches')).toBeVisible();
    expect(router.state.location.search).toEqual({ status: 'failed' });
    await userEvent.click(screen.getByRole('button', { name: 'Reset the filters' }));
    expect(await screen.findByRole('row', { name: /Reception/ })).toBeVisible();
    expect(asked).toContain('?status=failed&limit=100');
  });

  it('fetches the next page on demand', async () => {
    server.use(
      agents,
      http.get('*/api/conversations', ({ request }) =>
        new URL(request.url).searchParams.get('cursor') === 'next'
          ? HttpResponse.json({ items: [aConversation({ id: 'c-2', preview: 'Second' })], total: 2 })
          : HttpResponse.json({ items: [aConversation({ preview: 'First' })], total: 2, next_cursor: 'next' }),
      ),
    );
    renderApp('/agents/voice-history');
    expect(await screen.findByText('1 of 2')).toBeVisible();
    await userEvent.click(screen.getByRole('button', { name: 'Show more' }));
    expect(await screen.findByText('Second')).toBeInTheDocument();
    expect(screen.queryByRole('button', { name: 'Show more' })).toBeNull();
  });

  it('helps a newcomer', async () => {
    server.use(
      agents,
      http.get('*/api/conversations', () => HttpResponse.json({ items: [], total: 0 })),
    );
    renderApp('/agents/voice-history');
    expect(await screen.findByRole('link', { name: 'Pick an agent' })).toHaveAttribute('href', '/agents/gallery');
  });
});

describe('one conversation', () => {
  const one = (over = {}) => server.use(http.get('*/api/conversations/c-1', () => HttpResponse.json(aDetail(over))));

  it('strikes what was not heard, and times the turn', async () => {
    one();
    renderApp('/agents/voice-history/c-1');
    const log = await screen.findByRole('log', { name: 'Transcript' });
    const struck = log.querySelectorAll('s');
    expect([...struck].map((s) => s.textContent)).toEqual([' and close at five.']);
    expect(log).toHaveTextContent('Interrupted after 1.5 s · the end was not heard');
    const table = screen.getByRole('table', { name: /Turn 1/ });
    expect(within(table).getByRole('row', { name: /End of speech/ })).toHaveTextContent('500 ms');
    expect(screen.getByText('This conversation has no recording.')).toBeVisible();
  });

  it('shows what the timers say beside what is heard, and leads to each turn', async () => {
    one({ ear: anEar() });
    const { router } = renderApp('/agents/voice-history/c-1');
    const table = await screen.findByRole('table', { name: 'Timers and ear' });
    const [, first, second] = within(table).getAllByRole('row');
    expect(first).toHaveTextContent('1612 ms640 ms+28 ms');
    expect(second).toHaveTextContent('00:09—900 ms—');
    expect(screen.getByText('Speaking time: caller 25%, agent 50%')).toBeVisible();
    await userEvent.click(within(table).getByRole('button', { name: 'Go to 00:03' }));
    await waitFor(() => expect(router.state.location.search).toEqual({ t: 3400 }));
    expect(first).toHaveAttribute('aria-current', 'true');
    expect(screen.getByRole('log').querySelector('[data-current]')).toHaveTextContent('When are you open?');
  });

  it('says what its minutes are billed at, and what the models counted', async () => {
    const tokens = { input: 1200, cached: 0, output: 300, audio_input: 200, audio_cached: 0, audio_output: 0 };
    one({ tokens });
    const set = { currency: 'EUR', set_by: 'Ada', set_at: '2026-11-01T00:00:00Z' };
    const items = [
      { ...set, per_minute: 0.5, effective_from: '2026-11-01T00:00:00Z' },
      { ...set, per_minute: 9, effective_from: '2026-11-21T00:00:00Z' },
    ];
    server.use(http.get('*/api/billing-rate', () => HttpResponse.json({ items })));
    renderApp('/agents/voice-history/c-1');
    const billed = await screen.findByText('Billed');
    expect(billed.parentElement).toHaveTextContent('€0.50');
    expect(screen.getByText('Text tokens in').parentElement).toHaveTextContent('1,000');
  });

  it('waits for a recording that is being written', async () => {
    one({ recording: { available: false, pending: true, duration_ms: 0, url: '' } });
    renderApp('/agents/voice-history/c-1');
    expect(await screen.findByText('The recording is being written; the page updates itself.')).toBeVisible();
    expect(screen.queryByText('This conversation has no recording.')).toBeNull();
  });

  it('may have no agent', async () => {
    one({ agent: '', agent_name: '', transcript: [] });
    renderApp('/agents/voice-history/c-1');
    expect(await screen.findByRole('heading', { name: 'Conversation without an agent' })).toBeVisible();
  });

  it('is deleted only after a second question', async () => {
    one();
    let deleted = 0;
    server.use(
      agents,
      http.delete('*/api/conversations/c-1', () => {
        deleted++;
        return deleted === 1
          ? HttpResponse.json({ code: 'internal', detail: 'x' }, { status: 500 })
          : new HttpResponse(null, { status: 204 });
      }),
      http.get('*/api/conversations', () => HttpResponse.json({ items: [], total: 0 })),
    );
    const { router } = renderApp('/agents/voice-history/c-1');
    await userEvent.click(await screen.findByRole('button', { name: 'Delete' }));
    const dialog = await screen.findByRole('dialog', { name: 'Delete this conversation?' });
    expect(deleted).toBe(0);
    await userEvent.click(within(dialog).getByRole('button', { name: 'Delete for good' }));
    expect(await within(dialog).findByRole('alert')).toHaveTextContent('The deletion did not succeed.');
    await userEvent.click(within(dialog).getByRole('button', { name: 'Delete for good' }));
    await waitFor(() => expect(router.state.location.pathname).toBe('/agents/voice-history'));
    expect(deleted).toBe(2);
  });

  it('that is gone says so', async () => {
    server.use(
      http.get('*/api/conversations/c-1', () =>
        HttpResponse.json({ code: 'conversation_not_found', detail: 'x', status: 404 }, { status: 404 }),
      ),
    );
    renderApp('/agents/voice-history/c-1');
    expect(await screen.findByRole('alert')).toHaveTextContent('This conversation does not exist, or was deleted.');
  });
});

describe('what the page makes of a record', () => {
  it('orders lines by when they were said', () => {
    const lines = [aLine({ item: 'b', at_ms: 300, text: 'b' }), aLine({ item: 'a', at_ms: 100, text: 'a' })];
    expect(transcriptOf(lines).map((l) => l.id)).toEqual(['a', 'b']);
  });
  it('tells speech, writing, keys and sounds without words apart', () => {
    const of = (source?: string) => transcriptOf([aLine({ source, text: 'x' })])[0];
    expect(of()).toMatchObject({ by: 'voice', state: 'final' });
    expect(of('typed')).toMatchObject({ by: 'typed' });
    expect(of('digits')).toMatchObject({ by: 'digits' });
    expect(of('unrecognised')).toMatchObject({ by: 'voice', state: 'unrecognised' });
  });
  it('knows who spoke when, and which line is being said', () => {
    const spans = spansOf(aDetail().transcript, 60_000);
    expect(spans.map((s) => [s.id, s.from, s.to])).toEqual([
      ['i1', 200, 900],
      ['i2', 2000, 3400],
      ['i3', 4000, 5500],
    ]);
    expect([0, 200, 1500, 4200].map((ms) => currentAt(spans, ms))).toEqual([undefined, 'i1', 'i1', 'i3']);
  });
  it('puts the question beside its turn', () => {
    expect(turnsOf(aDetail())).toMatchObject([{ turn: 1, question: 'When are you open?' }]);
  });
  it('knows the turn of a line', () => {
    expect(['i1', 'i2', 'i3', 'gone', undefined].map((item) => turnAt(aDetail(), item))).toEqual([
      undefined,
      1,
      1,
      undefined,
      undefined,
    ]);
  });
  it('knows the rate that was in force', () => {
    const rates = [{ effective_from: '2026-01-01T00:00:00Z' }, { effective_from: '2026-02-01T00:00:00Z' }];
    expect(rateAt(rates, '2025-12-31T00:00:00Z')).toBeUndefined();
    expect(rateAt(rates, '2026-02-01T00:00:00Z')).toBe(rates[1]);
  });
  it('sets few marks on the axis of time, at round moments', () => {
    expect(axisTicks(35_000, 7)).toEqual([0, 5000, 10_000, 15_000, 20_000, 25_000, 30_000, 35_000]);
    expect(axisTicks(3_600_000, 7)).toEqual([0, 600, 1200, 1800, 2400, 3000, 3600].map((s) => s * 1000));
    expect(axisTicks(10 * 3_600_000, 7)).toHaveLength(6);
  });
  it('exports a table that a spreadsheet does not take for formulas', () => {
    const tool = { name: 'order', arguments: '{"id":"7"}', output: 'shipped, today', failed: false, took_ms: 372 };
    const lines = [aLine({ role: 'tool', tool, at_ms: 900 }), aLine({ text: '=1+1', at_ms: 100, end_ms: 800 })];
    expect(csvOf({ transcript: [...aDetail().transcript.slice(2), ...lines] })).toBe(
      [
        '\uFEFFat_ms,end_ms,role,heard,said,cut,latency_ms,confidence,tool,arguments,output,failed,took_ms',
        "100,800,user,'=1+1,,,,,,,,,",
        '900,,tool,,,,,,order,"{""id"":""7""}","shipped, today",false,372',
        '4000,5500,agent,We open at nine,We open at nine and close at five.,true,612,,,,,,',
        '',
      ].join('\r\n'),
    );
  });
  it('exports a text that marks what was not heard', () => {
    const t = i18n.getFixedT('en', ['calls', 'common']) as never;
    const text = textOf(aDetail(), t, {
      clock: format.formatClock,
      dateTime: () => 'today',
    } as never);
    expect(text).toBe(
      [
        'Conversation with Reception, today',
        '',
        '00:00  Reception: Hello.',
        '00:02  Caller: When are you open?',
        '00:04  Reception: We open at nine [not heard: and close at five.]',
        '',
      ].join('\n'),
    );
  });
});
