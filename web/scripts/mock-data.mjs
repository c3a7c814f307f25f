// What the mock server knows: sample agents and one conversation in which everything happens once.
const noRecogniser = (language) => ({
  code: 'no_recogniser',
  message: `There is no offline recogniser for ${language}: typed text and keys work.`,
  params: { language },
});

const agent = (reference, name, language, description, listens) => ({
  reference,
  name,
  description,
  kind: 'voice',
  status: 'active',
  language,
  voice: `espeak ${language}`,
  model: 'flow: reception',
  recogniser: listens ? 'pocketsphinx en-us' : '',
  listens,
  notices: listens ? [] : [noRecogniser(language)],
  greeting: '',
});

export const agents = [
  agent(
    'reception-en',
    'Reception (English)',
    'en',
    'Answers the telephone of Maison Baobab, a sample company: opening hours, address, services and prices, messages and call-backs.',
    true,
  ),
  agent(
    'reception-es',
    'Recepción (español)',
    'es',
    'Contesta el teléfono de Maison Baobab, una empresa de ejemplo: horarios, dirección, servicios y precios, mensajes y llamadas de vuelta.',
    false,
  ),
  agent(
    'reception-fr',
    'Accueil (français)',
    'fr',
    'Répond au téléphone de Maison Baobab, une entreprise d’exemple : horaires, adresse, services et tarifs, messages et rappels.',
    false,
  ),
];

const id = '0192f0aa-7c1e-7d34-9b1a-3f2c9d4e5a61';
const started = '2026-11-20T14:05:12Z';

const turn = (n, item, eot, stt, llm, tool, tts, sent, heard) => ({
  response: `resp_${n}`,
  turn: n,
  item,
  end_of_turn_ms: eot,
  final_text_ms: stt,
  first_token_ms: llm,
  tools_done_ms: tool,
  first_audio_ms: tts,
  sent_ms: sent,
  heard_ms: heard,
});

export const conversation = {
  id,
  agent: 'reception-en',
  agent_name: 'Reception (English)',
  language: 'en',
  channel: 'realtime',
  status: 'ended',
  started_at: started,
  ended_at: '2026-11-20T14:05:45Z',
  duration_ms: 32_800,
  turns: 3,
  interruptions: 1,
  end_reason: 'client_closed',
  latency_p50_ms: 611,
  preview: 'Hello, could you tell me when you are open on Saturday?',
  transcript: [
    {
      item: 'item_1',
      role: 'agent',
      text: 'Hello, this is Maison Baobab, the automatic reception. How can I help you?',
      said: 'Hello, this is Maison Baobab, the automatic reception. How can I help you?',
      heard: 'Hello, this is Maison Baobab, the automatic reception. How can I help you?',
      at_ms: 400,
      end_ms: 4900,
    },
    {
      item: 'item_2',
      role: 'user',
      text: 'Hello, could you tell me when you are open on Saturday?',
      at_ms: 6200,
      end_ms: 9300,
      confidence: 0.91,
    },
    {
      item: 'call_1',
      role: 'tool',
      text: 'opening_hours',
      at_ms: 9850,
      tool: {
        name: 'opening_hours',
        arguments: '{"day":"saturday"}',
        output: '{"open":"09:00","close":"17:00"}',
        failed: false,
        took_ms: 214,
      },
    },
    {
      item: 'item_3',
      role: 'agent',
      text: 'On Saturday we are open from nine in the morning',
      said: 'On Saturday we are open from nine in the morning to five in the afternoon, and the workshop closes at three.',
      heard: 'On Saturday we are open from nine in the morning',
      cut: true,
      at_ms: 10_170,
      end_ms: 13_570,
      latency_ms: 866,
    },
    { item: 'item_4', role: 'user', text: 'And on Sunday?', at_ms: 13_200, end_ms: 14_300, confidence: 0.87 },
    {
      item: 'item_5',
      role: 'agent',
      text: 'On Sunday we are closed. Would you like to leave a message?',
      said: 'On Sunday we are closed. Would you like to leave a message?',
      heard: 'On Sunday we are closed. Would you like to leave a message?',
      at_ms: 14_911,
      end_ms: 19_000,
      latency_ms: 611,
    },
    { item: 'item_6', role: 'user', text: 'No thank you, goodbye.', source: 'typed', at_ms: 22_000 },
    {
      item: 'item_7',
      role: 'agent',
      text: 'Thank you for calling Maison Baobab. Goodbye!',
      said: 'Thank you for calling Maison Baobab. Goodbye!',
      heard: 'Thank you for calling Maison Baobab. Goodbye!',
      at_ms: 22_240,
      end_ms: 25_800,
      latency_ms: 240,
    },
  ],
  timings: [
    turn(1, 'item_2', 520, 545, 560, 775, 840, 850, 866),
    turn(2, 'item_4', 520, 541, 548, -1, 590, 598, 611),
    turn(3, 'item_6', -1, 0, 9, -1, 221, 226, 240),
  ],
  notices: [],
  recording: { available: true, pending: false, duration_ms: 32_800, url: `/api/conversations/${id}/recording` },
};

export const conversations = [
  conversation,
  {
    ...conversation,
    id: '0192f0aa-7c1e-7d34-9b1a-3f2c9d4e5a62',
    agent: 'reception-fr',
    agent_name: 'Accueil (français)',
    language: 'fr',
    status: 'active',
    started_at: '2026-11-20T14:02:40Z',
    duration_ms: 64_000,
    interruptions: 0,
    end_reason: '',
    latency_p50_ms: 238,
    preview: 'Bonjour, quels sont vos horaires ?',
  },
  {
    ...conversation,
    id: '0192f0aa-7c1e-7d34-9b1a-3f2c9d4e5a63',
    agent: 'reception-es',
    agent_name: 'Recepción (español)',
    language: 'es',
    status: 'failed',
    started_at: '2026-11-19T09:31:02Z',
    duration_ms: 8_000,
    turns: 1,
    interruptions: 0,
    end_reason: 'failed',
    latency_p50_ms: 1240,
    preview: 'Hola, quisiera dejar un mensaje para el señor Diop.',
  },
].map(({ transcript: _t, timings: _m, notices: _n, recording: _r, ...summary }) => summary);

/** Half a waveform: syllables where somebody speaks. */
export function level(who, ms) {
  const line = conversation.transcript.find((l) => l.role === who && l.end_ms && ms >= l.at_ms && ms < l.end_ms);
  if (!line) return 0.004;
  const t = ms / 1000;
  return 0.12 + 0.5 * Math.abs(Math.sin(t * 9.1) * Math.cos(t * 2.3)) + 0.2 * Math.abs(Math.sin(t * 31));
}

export const peaks = {
  duration_ms: conversation.duration_ms,
  caller: Array.from({ length: 800 }, (_, i) => level('user', (i * conversation.duration_ms) / 800)),
  agent: Array.from({ length: 800 }, (_, i) => level('agent', (i * conversation.duration_ms) / 800)),
};
