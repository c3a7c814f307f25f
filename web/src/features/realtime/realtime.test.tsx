import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { HttpResponse, http } from 'msw';
import { describe, expect, it } from 'vitest';
import { ApiError } from '~/api/client';
import { aCall, aConversation, anAgent, theStats } from '~/testing/factories';
import { renderApp } from '~/testing/render';
import { server } from '~/testing/server';
import { partsOf } from './colours';
import { gistOf } from './EventLog';
import { languages, snippets } from './snippets';
import { fieldOf, firstWish, sessionOf } from './wish';

const home = '/realtime-api.html';
const agents = http.get('*/api/agents', () => HttpResponse.json({ items: [anAgent()], total: 1 }));
const stats = http.get('*/api/realtime/stats', () => HttpResponse.json({ success: true, stats: theStats() }));
const list = (calls = [aCall()], total = calls.length) =>
  http.get('*/api/realtime/calls', () => HttpResponse.json({ success: true, data: calls, count: calls.length, total }));

describe('the page', () => {
  it('shows the figures, with the rare ones together', async () => {
    server.use(agents, stats, list());
    renderApp(home);
    const box = await screen.findByRole('region', { name: 'Statistics' });
    expect(await within(box).findByText('42', { selector: 'dd b' })).toBeVisible();
    expect(within(box).getByText('3 under way')).toBeVisible();
    expect(within(box).getByText('04:05')).toBeVisible();
    expect(
      within(box)
        .getAllByRole('listitem')
        .map((l) => l.textContent),
    ).toEqual(['agent:reception-en42', 'alloy20', 'echo15', '3 others7']);
  });

  it('lists calls by state and page, and keeps both in the address', async () => {
    const asked: string[] = [];
    server.use(
      agents,
      stats,
      http.get('*/api/realtime/calls', ({ request }) => {
        const { search, searchParams } = new URL(request.url);
        asked.push(search);
        const first = searchParams.get('offset') === '0';
        const data = first
          ? Array.from({ length: 10 }, (_, i) => aCall({ call_id: `rtc_${i}` }))
          : [aCall({ call_id: 'rtc_old' })];
        return HttpResponse.json({ success: true, data, count: data.length, total: 11 });
      }),
    );
    const { router } = renderApp(home);
    expect(await screen.findByText('1–10 of 11')).toBeVisible();
    await userEvent.click(screen.getByRole('button', { name: 'Older calls' }));
    expect(await screen.findByText('11–11 of 11')).toBeVisible();
    expect(router.state.location.search).toEqual({ page: 2 });
    await userEvent.click(screen.getByRole('radio', { name: 'Ended' }));
    await waitFor(() => expect(router.state.location.search).toEqual({ status: 'ended' }));
    await waitFor(() => expect(asked).toContain('?status=ended&limit=10&offset=0'));
  });

  it('ends a call after one question', async () => {
    let status: 'active' | 'ended' = 'active';
    server.use(
      agents,
      stats,
      http.get('*/api/realtime/calls', () =>
        HttpResponse.json({ success: true, data: [aCall({ status })], count: 1, total: 1 }),
      ),
      http.delete('*/api/realtime/calls/rtc_1', () => {
        status = 'ended';
        return HttpResponse.json({ success: true, call: aCall(), message: 'Appel terminé' });
      }),
    );
    renderApp(home);
    await userEvent.click(await screen.findByRole('button', { name: 'End call rtc_1' }));
    expect(status).toBe('active');
    await userEvent.click(await screen.findByRole('button', { name: 'End the call' }));
    const row = await screen.findByRole('row', { name: /rtc_1/ });
    await waitFor(() => expect(row).toHaveTextContent('Ended'));
    expect(within(row).queryByRole('button')).toBeNull();
  });

  it('says what failed, and tries again', async () => {
    let broken = true;
    server.use(
      agents,
      stats,
      http.get('*/api/realtime/calls', () =>
        broken
          ? HttpResponse.json({ code: 'internal', status: 500, detail: '' }, { status: 500 })
          : HttpResponse.json({ success: true, data: [], count: 0, total: 0 }),
      ),
    );
    renderApp(home);
    const alert = await screen.findByRole('alert');
    broken = false;
    await userEvent.click(within(alert).getByRole('button', { name: 'Try again' }));
    expect(await screen.findByText('No calls')).toBeVisible();
  });

  it('opens a call with its events, of which it asks for what is new', async () => {
    const asked: string[] = [];
    const events = ['call.created', 'agent.said', 'call.ended'].map((event_type, i) => ({
      id: i + 1,
      call_id: 'rtc_1',
      event_type,
      timestamp: 1_795_246_332,
      at: '2026-11-21T07:32:12.5Z',
      event_data: { said: 'Hello' },
    }));
    server.use(
      agents,
      stats,
      http.get('*/api/realtime/calls/rtc_1', () =>
        HttpResponse.json({ success: true, call: aCall({ conversation_id: 'c-1' }) }),
      ),
      http.get('*/api/conversations/c-1', () => HttpResponse.json({ ...aConversation(), transcript: [] })),
      http.get('*/api/realtime/calls/rtc_1/events', ({ request }) => {
        asked.push(new URL(request.url).search);
        return HttpResponse.json({ success: true, data: events, count: 3 });
      }),
    );
    renderApp(`${home}?call=rtc_1`);
    const detail = await screen.findByRole('region', { name: 'Call' });
    expect(await within(detail).findByText('hung up')).toBeVisible();
    expect(await within(detail).findByText('612 ms')).toBeVisible();
    expect(await within(detail).findByText('3 of 3')).toBeVisible();
    expect(asked).toEqual(['?limit=1000&after=0']);
    await userEvent.selectOptions(within(detail).getByRole('combobox', { name: 'Type of event' }), 'agent.said');
    expect(within(detail).getByText('1 of 3')).toBeVisible();
    expect(within(detail).getByRole('link', { name: 'Transcript and sound' })).toHaveAttribute(
      'href',
      '/agents/voice-history/c-1',
    );
  });

  it('that has no microphone says how to get one, and offers to go on without', async () => {
    server.use(agents, stats, list([]));
    renderApp(home);
    const form = await screen.findByRole('complementary', { name: 'New call' });
    await waitFor(() =>
      expect(within(form).getByRole('combobox', { name: 'Agent or model' })).toHaveValue('agent:reception-en'),
    );
    await userEvent.click(within(form).getByRole('button', { name: 'Create the call' }));
    expect(await within(form).findByRole('alert')).toHaveTextContent(/microphone/i);
    expect(within(form).getByRole('button', { name: 'Without a microphone' })).toBeVisible();
    await userEvent.click(within(form).getByRole('button', { name: 'New call' }));
    expect(await within(form).findByRole('heading', { name: 'New call' })).toHaveFocus();
  });
});

describe('what is asked of the API', () => {
  it('leaves out what was left out', () => {
    expect(sessionOf({ ...firstWish, model: ' agent:x ' })).toEqual({
      model: 'agent:x',
      modalities: ['text', 'audio'],
      voice: 'alloy',
      temperature: 0.8,
    });
    expect(sessionOf({ ...firstWish, temperature: '', maxTokens: 50, instructions: 'Be brief.' })).toMatchObject({
      max_response_output_tokens: 50,
      instructions: 'Be brief.',
    });
  });
  it.each([
    ['session.temperature', 'temperature'],
    ['session.audio.output.voice', 'voice'],
    ['session.model', 'model'],
    ['session.modalities[0]', 'modalities'],
    ['session.max_response_output_tokens', 'maxTokens'],
    ['session.instructions', 'instructions'],
    ['sdp', undefined],
    [undefined, undefined],
  ])('an error of %s belongs to %s', (at, field) => {
    expect(fieldOf(new ApiError('invalid_call', 400, {}, '', at))).toBe(field);
  });
});

describe('client code', () => {
  const session = sessionOf({ ...firstWish, model: 'agent:reception-fr', instructions: 'Dis "c’est l\'heure"' });
  const wanted = { origin: 'https://griot.example.com', session, question: 'When?' };
  it.each(languages)('in %s has this server’s address and the form’s settings', (language) => {
    const code = snippets[language](wanted);
    expect(code).toContain('griot.example.com');
    expect(code).not.toContain('localhost');
    expect(code).toContain(JSON.stringify(session.instructions));
    expect(
      partsOf(code)
        .map((p) => p.text)
        .join(''),
    ).toBe(code);
  });
  it('speaks wss to a server with https', () => {
    expect(snippets.websocket(wanted)).toContain(
      "new WebSocket('wss://griot.example.com/v1/realtime?model=agent%3Areception-fr')",
    );
  });
});

it('an event in one line is its plain values', () => {
  expect(gistOf({ item: 'item_1', a: 'x', b: 2, c: { d: 1 }, e: '' })).toBe('a: x · b: 2');
  expect(gistOf(null)).toBe('');
});
