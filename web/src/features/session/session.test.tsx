import { act, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { HttpResponse, http } from 'msw';
import { beforeEach, expect, it, vi } from 'vitest';
import { wishToTalk } from '~/live/intent';
import { MicrophoneError, type MicrophoneHandlers, type Socket, type SpeakerHandlers } from '~/live/ports';
import { anAgent } from '~/testing/factories';
import { renderApp } from '~/testing/render';
import { server } from '~/testing/server';

/** The browser's parts that a test has no other hold of. */
const world = vi.hoisted(() => ({
  sent: [] as Record<string, unknown>[],
  socket: undefined as Socket | undefined,
  mic: undefined as MicrophoneHandlers | undefined,
  speaker: undefined as SpeakerHandlers | undefined,
  fault: undefined as 'denied' | undefined,
}));

vi.mock('~/live/audio', () => ({
  openSocket: () => {
    world.socket = {
      onopen: null,
      onmessage: null,
      onclose: null,
      bufferedAmount: 0,
      send: (text: string) => void world.sent.push(JSON.parse(text)),
      close: () => undefined,
    };
    return world.socket;
  },
  openMicrophone: async (handlers: MicrophoneHandlers) => {
    if (world.fault) throw new MicrophoneError(world.fault);
    world.mic = handlers;
    return { label: 'Desk', setMuted: () => undefined, close: () => undefined };
  },
  openSpeaker: async (handlers: SpeakerHandlers) => {
    world.speaker = handlers;
    const nothing = () => undefined;
    return {
      latencyMs: 20,
      blocked: false,
      push: nothing,
      end: nothing,
      stop: nothing,
      hold: nothing,
      duck: nothing,
      setVolume: nothing,
      resume: async () => undefined,
      close: nothing,
    };
  },
}));

function say(...events: Record<string, unknown>[]): void {
  act(() => {
    for (const e of events) world.socket?.onmessage?.({ data: JSON.stringify(e) });
  });
}

beforeEach(() => {
  world.sent.length = 0;
  world.socket = undefined;
  world.fault = undefined;
});

/** Opens the session's page as after a click on "talk", up to the first word of the agent. */
async function talk(agent = anAgent()) {
  server.use(http.get(`*/api/agents/${agent.reference}`, () => HttpResponse.json(agent)));
  wishToTalk(agent.reference);
  renderApp(`/agents/${agent.reference}/session`);
  await waitFor(() => expect(world.socket).toBeDefined());
  act(() => world.socket?.onopen?.());
  say(
    { type: 'session.created', session: {} },
    { type: 'griot.conversation.created', conversation_id: 'c-1', agent, limits: { max_duration_ms: 900_000 } },
    { type: 'response.created', response: { id: 'r1' } },
    {
      type: 'response.output_audio_transcript.delta',
      response_id: 'r1',
      item_id: 'a1',
      delta: 'Hello, how can I help?',
    },
    { type: 'griot.floor', floor: 'agent' },
    { type: 'response.output_audio.delta', response_id: 'r1', item_id: 'a1', delta: 'AAAA' },
  );
  act(() => world.speaker?.onPosition('r1 a1', 100, false, false));
  await screen.findByText('Reception is speaking'); // by now the screen follows the call
}

it('opened by its address it waits for a click', async () => {
  server.use(http.get('*/api/agents/reception-en', () => HttpResponse.json(anAgent())));
  renderApp('/agents/reception-en/session');
  expect(await screen.findByRole('heading', { level: 2, name: 'Talk to Reception' })).toBeVisible();
  expect(world.socket).toBeUndefined();
  await userEvent.click(screen.getByRole('button', { name: 'Continue without microphone' }));
  await waitFor(() => expect(world.socket).toBeDefined());
});

it('shows what is heard, what is to come, and what never was', async () => {
  await talk();
  const log = screen.getByRole('log', { name: 'Transcript' });
  expect(screen.getByText('Reception is speaking')).toBeVisible();
  say({ type: 'griot.heard', response_id: 'r1', item_id: 'a1', upto_ms: 300, text_bytes: 7 });
  expect(log.querySelector('.heard')).toHaveTextContent('Hello,');
  expect(log.querySelector('.ahead')).toHaveTextContent('how can I help?');
  say(
    { type: 'input_audio_buffer.speech_started', item_id: 'u1', audio_start_ms: 0 },
    { type: 'response.done', response: { id: 'r1', status: 'cancelled' } },
  );
  expect(screen.getByText('Reception lets you speak')).toBeVisible();
  say(
    {
      type: 'griot.said',
      response_id: 'r1',
      item_id: 'a1',
      said: 'Hello, how can I help?',
      heard: 'Hello,',
      upto_ms: 400,
      total_ms: 1500,
      cut: true,
    },
    { type: 'griot.transcription.partial', item_id: 'u1', text: 'are you' },
  );
  expect(log.querySelector('s.unheard')).toHaveTextContent('how can I help?');
  expect(log).toHaveTextContent('Interrupted after 0.4 s · the end was not heard');
  expect(within(log).getByText('are you').tagName).toBe('EM');
  say({
    type: 'conversation.item.input_audio_transcription.completed',
    item_id: 'u1',
    transcript: 'Are you open?',
  });
  expect(within(log).getByText('Are you open?').tagName).toBe('DIV');
});

it('writes, presses keys and mutes', async () => {
  await talk();
  const user = userEvent.setup();
  const field = screen.getByRole('textbox', { name: 'Your message' });
  await user.type(field, 'm, please{Enter}');
  expect(field).toHaveValue('');
  expect(world.sent.map((e) => e.type)).toContain('response.create');
  expect(screen.getByRole('button', { name: 'Mute the microphone' })).toBeVisible();
  await user.click(screen.getByRole('button', { name: 'Keypad' }));
  await user.click(screen.getByRole('button', { name: 'Key 4' }));
  await user.click(screen.getByRole('button', { name: 'Key hash' }));
  expect(world.sent.filter((e) => e.type === 'griot.digits').map((e) => e.digits)).toEqual(['4', '#']);
  await user.click(document.body);
  await user.keyboard('m');
  expect(screen.getByRole('button', { name: 'Unmute the microphone' })).toHaveAttribute('aria-pressed', 'true');
});

it('goes on in writing when the microphone is refused, and says how to allow it', async () => {
  world.fault = 'denied';
  await talk();
  expect(screen.getByRole('alert')).toHaveTextContent('The microphone is denied for this page.');
  expect(screen.getByRole('textbox', { name: 'Your message' })).toBeVisible();
  world.fault = undefined;
  await userEvent.click(screen.getByRole('button', { name: 'Try the microphone again' }));
  expect(await screen.findByRole('button', { name: 'Mute the microphone' })).toBeVisible();
});

it('does not ask for a microphone that nobody would understand', async () => {
  world.mic = undefined;
  await talk(anAgent({ listens: false, recogniser: '' }));
  say({ type: 'griot.notice', code: 'no_recogniser', message: 'x', params: { language: 'fr' } });
  expect(world.mic).toBeUndefined();
  expect(screen.getByText(/No offline speech recognition/)).toBeVisible();
  await userEvent.click(screen.getByRole('button', { name: 'Hide this message' }));
  expect(screen.queryByText(/No offline speech recognition/)).toBeNull();
});

it('shows where the time of a turn went', async () => {
  await talk();
  say({
    type: 'griot.turn',
    response_id: 'r1',
    turn: 1,
    item_id: 'u1',
    end_of_turn_ms: 500,
    final_text_ms: 540,
    first_token_ms: 550,
    tools_done_ms: -1,
    first_audio_ms: 590,
    sent_ms: 600,
    heard_ms: 866,
  });
  const inspector = screen.getByRole('complementary', { name: 'Measurements of the conversation' });
  expect(inspector).toHaveTextContent('866 ms');
  expect(inspector).toHaveTextContent('over the threshold');
  const table = within(inspector).getByRole('table', { name: 'Where the delay comes from: Turn 1' });
  expect(within(table).getByRole('row', { name: /Transcription/ })).toHaveTextContent('40 ms');
  expect(within(table).queryByRole('row', { name: /Tools/ })).toBeNull();
});

it('ends when the person says so, and leads to the record', async () => {
  await talk();
  await userEvent.click(screen.getByRole('button', { name: 'End' }));
  expect(screen.getByText('You ended the conversation.')).toBeVisible();
  expect(screen.getByRole('link', { name: 'See the conversation' })).toHaveAttribute(
    'href',
    '/agents/voice-history/c-1',
  );
  expect(screen.queryByRole('textbox', { name: 'Your message' })).toBeNull();
  world.socket = undefined;
  await userEvent.click(screen.getByRole('button', { name: 'New conversation' }));
  await waitFor(() => expect(world.socket).toBeDefined());
});

it('says that the line broke, instead of falling silent', async () => {
  await talk();
  act(() => world.socket?.onclose?.({ code: 1006, reason: '' }));
  expect(screen.getByRole('alert')).toHaveTextContent('The connection to the server is lost.');
  expect(screen.getByText('Disconnected')).toBeVisible();
});
