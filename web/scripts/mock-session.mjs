// One Realtime session of the mock: greets, hears loud from quiet, and answers after a fixed delay with a voice made of tones.
const greetings = {
  en: 'Hello, this is Maison Baobab, the automatic reception. How can I help you?',
  fr: 'Bonjour, Maison Baobab, ici l’accueil automatique. Comment puis-je vous aider ?',
  es: 'Hola, Maison Baobab, le atiende la recepción automática. ¿En qué puedo ayudarle?',
};
const answers = {
  en: 'We are open from Monday to Friday, from eight in the morning to six in the evening, and on Saturday until five in the afternoon.',
  fr: 'Nous sommes ouverts du lundi au vendredi, de huit heures à dix-huit heures, et le samedi jusqu’à dix-sept heures.',
  es: 'Abrimos de lunes a viernes, de ocho de la mañana a seis de la tarde, y los sábados hasta las cinco de la tarde.',
};
const rate = 24_000;
const msPerLetter = 58;

export class Session {
  constructor(ws, agent) {
    this.ws = ws;
    this.agent = agent;
    this.n = 0;
    this.turn = 0;
    this.heardMs = 0;
    this.quiet = 0;
    this.send('session.created', {
      session: { type: 'realtime', audio: { input: { turn_detection: { type: 'server_vad' } } } },
    });
    this.send('griot.conversation.created', {
      conversation_id: '0192f0aa-7c1e-7d34-9b1a-3f2c9d4e5a61',
      agent: { ...agent },
      limits: { max_duration_ms: 900_000 },
    });
    for (const n of agent.notices) this.send('griot.notice', n);
    ws.on('message', (data) => this.receive(JSON.parse(data.toString())));
    ws.on('close', () => clearInterval(this.pump));
    setTimeout(() => this.say(greetings[agent.language]), 150);
  }

  send(type, body) {
    if (this.ws.readyState === 1) this.ws.send(JSON.stringify({ type, event_id: `event_${++this.n}`, ...body }));
  }

  receive(event) {
    switch (event.type) {
      case 'conversation.item.create':
        this.pending = event.item;
        this.send('conversation.item.added', { previous_item_id: null, item: event.item });
        break;
      case 'response.create':
        this.answer(this.pending?.id ?? '', false);
        break;
      case 'response.cancel':
        this.cut('client_cancelled');
        break;
      case 'griot.digits':
        this.say(`${event.digits}`);
        break;
      case 'griot.playback':
        this.played(event);
        break;
      case 'input_audio_buffer.append':
        this.hear(Buffer.from(event.audio, 'base64'));
    }
  }

  hear(pcm) {
    let sum = 0;
    for (let i = 0; i + 1 < pcm.length; i += 2) sum += (pcm.readInt16LE(i) / 32768) ** 2;
    const loud = Math.sqrt(sum / (pcm.length / 2)) > 0.02;
    this.heardMs += (pcm.length / 2 / rate) * 1000;
    this.quiet = loud ? 0 : this.quiet + 20;
    if (loud && !this.item) {
      this.item = `item_u${++this.n}`;
      this.send('input_audio_buffer.speech_started', {
        item_id: this.item,
        audio_start_ms: Math.round(this.heardMs - 20),
      });
      this.send('griot.floor', { floor: 'caller' });
      this.cut('turn_detected');
      this.send('griot.transcription.partial', { item_id: this.item, text: 'When are you…' });
    }
    if (this.item && this.quiet >= 300) {
      const item = this.item;
      this.item = undefined;
      this.send('input_audio_buffer.speech_stopped', { item_id: item, audio_end_ms: Math.round(this.heardMs) });
      this.send('input_audio_buffer.committed', { item_id: item, previous_item_id: null });
      this.send('conversation.item.input_audio_transcription.completed', {
        item_id: item,
        content_index: 0,
        transcript: 'When are you open on Saturday?',
      });
      this.answer(item, true);
    }
  }

  answer(item, spoken) {
    this.send('griot.floor', { floor: 'model' });
    const call = `call_${++this.n}`;
    const tool = { call_id: call, name: 'opening_hours', arguments: '{"day":"saturday"}' };
    this.send('griot.tool', { ...tool, status: 'called' });
    setTimeout(() => {
      this.send('griot.tool', {
        ...tool,
        status: 'returned',
        output: '{"open":"09:00","close":"17:00"}',
        took_ms: 214,
      });
      this.say(answers[this.agent.language], { item, spoken });
    }, 214);
  }

  say(text, cause) {
    this.cut('turn_detected');
    const id = `${++this.n}`;
    const speech = {
      response_id: `resp_${id}`,
      item_id: `item_${id}`,
      text,
      cause,
      sent: 0,
      total: text.length * msPerLetter,
    };
    this.speech = speech;
    const ids = { response_id: speech.response_id, item_id: speech.item_id, output_index: 0, content_index: 0 };
    this.send('response.created', { response: { id: speech.response_id, status: 'in_progress' } });
    this.send('response.output_item.added', {
      ...ids,
      item: { id: speech.item_id, type: 'message', role: 'assistant' },
    });
    for (const word of text.match(/\S+\s*/g) ?? [])
      this.send('response.output_audio_transcript.delta', { ...ids, delta: word });
    this.send('griot.floor', { floor: 'agent' });
    const started = Date.now();
    this.pump = setInterval(() => {
      while (speech.sent < Math.min(speech.total, Date.now() - started + 300)) {
        this.send('response.output_audio.delta', { ...ids, delta: tones(speech.sent, 60).toString('base64') });
        speech.sent += 60;
      }
      if (speech.sent < speech.total) return;
      clearInterval(this.pump);
      this.send('response.output_audio.done', ids);
      this.send('response.output_audio_transcript.done', { ...ids, transcript: text });
      this.send('response.done', { response: { id: speech.response_id, status: 'completed', status_details: null } });
      speech.done = true;
    }, 20);
  }

  cut(reason) {
    clearInterval(this.pump);
    if (!this.speech || this.speech.done) return;
    const details = { type: 'cancelled', reason };
    this.send('response.done', {
      response: { id: this.speech.response_id, status: 'cancelled', status_details: details },
    });
    this.speech.done = true;
  }

  played({ response_id, item_id, audio_end_ms, final }) {
    const s = this.speech;
    if (s?.response_id !== response_id || s.settled) return;
    const letters = Math.min(s.text.length, Math.floor(audio_end_ms / msPerLetter));
    const end = audio_end_ms >= s.total - 5 ? s.text.length : s.text.lastIndexOf(' ', letters) + 1;
    const heard = s.text.slice(0, end);
    this.send('griot.heard', {
      response_id,
      item_id,
      upto_ms: audio_end_ms,
      text_bytes: Buffer.byteLength(heard),
      final,
    });
    if (s.cause && !s.timed) {
      s.timed = true;
      const eot = s.cause.spoken ? 320 : -1;
      const base = Math.max(0, eot);
      this.send('griot.turn', {
        response_id,
        item_id: s.cause.item,
        turn: ++this.turn,
        end_of_turn_ms: eot,
        final_text_ms: base + 21,
        first_token_ms: base + 30,
        tools_done_ms: base + 244,
        first_audio_ms: base + 291,
        sent_ms: base + 296,
        heard_ms: base + 318,
      });
    }
    if (!final) return;
    s.settled = true;
    const cut = end < s.text.length;
    this.send('griot.said', {
      response_id,
      item_id,
      said: s.text,
      heard: heard.trimEnd(),
      upto_ms: audio_end_ms,
      total_ms: s.total,
      cut,
    });
    if (!this.item) this.send('griot.floor', { floor: 'none' });
  }
}

/** Something like speech: a hum in syllables. */
function tones(from, ms) {
  const n = (ms * rate) / 1000;
  const pcm = Buffer.alloc(n * 2);
  for (let i = 0; i < n; i++) {
    const t = from / 1000 + i / rate;
    const syllable = Math.max(0, Math.sin(t * 2 * Math.PI * 2.1)) * (0.5 + 0.5 * Math.sin(t * 3.3));
    pcm.writeInt16LE(Math.round(9000 * syllable * Math.sin(2 * Math.PI * 160 * t + 2 * Math.sin(t * 40))), i * 2);
  }
  return pcm;
}
