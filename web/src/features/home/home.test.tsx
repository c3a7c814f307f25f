import { screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { HttpResponse, http } from 'msw';
import { describe, expect, it } from 'vitest';
import type { Overview } from '~/api/client';
import { aMachine, anOverview } from '~/testing/factories';
import { renderApp } from '~/testing/render';
import { server } from '~/testing/server';

const none = anOverview().total;
const some = {
  ...none,
  conversations: 10,
  ended: 10,
  duration_ms: 600_000,
  mean_ms: 60_000,
  min_ms: 4_000,
  max_ms: 200_000,
  turns: 40,
  interruptions: 5,
  revenue: 5,
};

function serve(over: Partial<Overview>, live = { items: [], total: 0 }) {
  server.use(
    http.get('*/api/overview', () => HttpResponse.json(anOverview(over))),
    http.get('*/api/conversations', () => HttpResponse.json(live)),
  );
}

const card = async (name: string) => {
  const heading = await screen.findByRole('heading', { name: new RegExp(name) });
  const found = heading.closest('section');
  if (!found) throw new Error(`no card ${name}`);
  return within(found);
};

describe('home', () => {
  it('shows figures that lead to the conversations behind them', async () => {
    serve({
      total: some,
      previous: { ...none, conversations: 8, revenue: 10 },
      latency: {
        turns: 40,
        ear_turns: 38,
        p50_ms: 640,
        p95_ms: 910,
        previous_p50_ms: 600,
        ear_p50_ms: 650,
        ear_p95_ms: 930,
      },
      durations: [
        { from_ms: 0, to_ms: 15_000, count: 2 },
        { from_ms: 15_000, to_ms: 30_000, count: 1 },
        { from_ms: 1_800_000, to_ms: 0, count: 7 },
      ],
      agents: [
        { ...some, key: 'Agent-000001', name: 'Sophie', conversations: 6 },
        { ...some, key: '', name: '', conversations: 4 },
      ],
      rate: {
        currency: 'EUR',
        per_minute: 0.5,
        effective_from: '2026-01-01T00:00:00Z',
        set_by: 'Ada',
        set_at: '2026-01-01T00:00:00Z',
      },
    });
    renderApp('/');
    const conversations = await card('Conversations');
    expect(conversations.getByText('10')).toBeVisible();
    expect(conversations.getByText('25%')).toBeVisible();
    expect((await card('Business')).getByText('€5.00')).toBeVisible();
    expect((await card('Voice-to-voice latency')).getByText('910 ms')).toBeVisible();
    const bars = within(screen.getByRole('list', { name: /length/i })).getAllByRole('link');
    expect(bars.map((b) => b.getAttribute('href'))).toEqual([
      expect.stringContaining('max=30'),
      expect.stringContaining('min=480'),
    ]);
    const agents = await card('By agent');
    expect(agents.getByRole('link', { name: /Sophie/ })).toHaveAttribute(
      'href',
      expect.stringContaining('agent=Agent-000001'),
    );
    expect(agents.getByText('No agent')).toBeVisible();
    expect(agents.queryByRole('link', { name: /No agent/ })).toBeNull();
  });

  it('helps a newcomer', async () => {
    serve({});
    renderApp('/');
    expect(await screen.findByText(/the figures fill at once/)).toBeVisible();
  });

  it('says what failed, and tries again', async () => {
    let broken = true;
    server.use(
      http.get('*/api/overview', () =>
        broken
          ? HttpResponse.json({ code: 'internal', detail: 'x' }, { status: 500 })
          : HttpResponse.json(anOverview({ total: some })),
      ),
      http.get('*/api/conversations', () => HttpResponse.json({ items: [], total: 0 })),
    );
    renderApp('/');
    const alert = await screen.findByRole('alert');
    broken = false;
    await userEvent.click(within(alert).getByRole('button', { name: /again/i }));
    expect(await screen.findByRole('heading', { name: /Business/ })).toBeVisible();
  });

  it('lets a viewer look, and says who sets the rate', async () => {
    serve({ total: some });
    server.use(
      http.get('*/api/session', () =>
        HttpResponse.json(aMachine({ role: 'viewer', permissions: ['conversations:read'] })),
      ),
    );
    renderApp('/');
    expect(await screen.findByRole('button', { name: /Set rate/ })).toHaveAttribute('aria-disabled', 'true');
  });
});
