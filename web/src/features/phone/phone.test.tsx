import { screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { HttpResponse, http } from 'msw';
import { beforeEach, expect, it } from 'vitest';
import { renderApp } from '~/testing/render';
import { server } from '~/testing/server';
import type { PhoneCall, PhoneCarrier } from './api';
import { phoneSearch } from './search';
import { wavOf } from './sound';

const aCall = (over: Partial<PhoneCall> = {}): PhoneCall => ({
  id: 'tel_1',
  carrier: 'twilio',
  carrier_id: 'CA1',
  direction: 'outbound',
  from: '+33123456789',
  to: '+33612345678',
  agent: 'front',
  conversation_id: '',
  state: 'active',
  outcome: '',
  reason: '',
  created_at: '2026-11-20T10:00:00Z',
  ...over,
});

const aCarrier = (over: Partial<PhoneCarrier> = {}): PhoneCarrier => ({
  id: 'twilio',
  name: 'Twilio',
  ready: true,
  texts: true,
  archive: true,
  testable: true,
  from: '+33123456789',
  items: [{ id: 'public_url', ok: false, detail: 'http://127.0.0.1' }],
  ...over,
});

const page = <T,>(...items: T[]) => HttpResponse.json({ items, total: items.length });
let live: PhoneCall[];
let asked: unknown[];

beforeEach(() => {
  live = [];
  asked = [];
  server.use(
    http.get('*/api/phone/calls', () => page(...live)),
    http.get('*/api/phone/carriers', () => page(aCarrier())),
    http.get('*/api/phone/numbers', () => page()),
    http.get('*/api/phone/consent', () =>
      HttpResponse.json({ enabled: false, texts: {}, defaults: { en: 'Recorded.' } }),
    ),
    http.get('*/api/agents', () => page()),
  );
});

it('shows the calls that go on, and ends one', async () => {
  live = [aCall(), aCall({ id: 'tel_2', state: 'ringing', direction: 'inbound', from: '+33700000000' })];
  server.use(
    http.post('*/api/phone/calls/:id/hangup', ({ params }) => {
      asked.push(params.id);
      live = live.filter((c) => c.id !== params.id);
      return HttpResponse.json(aCall({ state: 'ended' }));
    }),
  );
  await renderApp('/assistant-vocal');
  const first = (await screen.findByText('+33612345678')).closest('li') as HTMLElement;
  const second = screen.getByText('+33700000000').closest('li') as HTMLElement;
  expect(within(second).queryByRole('button', { name: 'Transfer' })).toBeNull();
  await userEvent.click(within(first).getByRole('button', { name: 'Hang up' }));
  expect(asked).toEqual(['tel_1']);
});

it('says beside the button why a number cannot be called', async () => {
  server.use(
    http.post('*/api/phone/calls', () =>
      HttpResponse.json({ title: '', status: 503, code: 'no_trunk', detail: '' }, { status: 503 }),
    ),
  );
  await renderApp('/assistant-vocal');
  await userEvent.type(await screen.findByRole('textbox', { name: 'Number to call' }), '+331');
  await userEvent.click(screen.getByRole('button', { name: 'Call' }));
  expect(await screen.findByRole('alert')).toHaveTextContent('SIP trunk');
});

it('leads to the configuration where no carrier is set up', async () => {
  server.use(http.get('*/api/phone/carriers', () => page(aCarrier({ ready: false }))));
  await renderApp('/assistant-vocal');
  expect(await screen.findByText(/No carrier is set up/)).toBeVisible();
});

it('says what a carrier lacks, and what its test found', async () => {
  server.use(
    http.post('*/api/phone/carriers/twilio/check', () =>
      HttpResponse.json({ ok: false, took_ms: 12, items: [], code: 'carrier_denied', message: 'Authenticate' }),
    ),
  );
  await renderApp('/assistant-vocal?tab=config');
  expect(await screen.findByText(/https address/)).toBeVisible();
  await userEvent.click(screen.getByRole('button', { name: 'Test Twilio' }));
  expect(await screen.findByRole('alert')).toHaveTextContent('Authenticate');
});

it('keeps only what is known of an address', () => {
  expect(phoneSearch({ tab: 'nope', list: 'messages', q: 7, outcome: 'busy' })).toEqual({
    tab: undefined,
    list: 'messages',
    q: undefined,
    direction: undefined,
    outcome: 'busy',
  });
});

it('writes a WAV file of samples', async () => {
  const bytes = new DataView(await wavOf(new Float32Array([0, 1, -1, 2]), 16_000).arrayBuffer());
  expect(bytes.byteLength).toBe(52);
  expect(bytes.getUint32(24, true)).toBe(16_000);
  expect([0, 1, 2, 3].map((i) => bytes.getInt16(44 + 2 * i, true))).toEqual([0, 32_767, -32_767, 32_767]);
});
