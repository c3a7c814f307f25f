import type { BrowserContext, Page } from '@playwright/test';
import type { Server } from './server.ts';

export type Language = 'en' | 'fr' | 'es';

interface Named {
  name: string;
  email: string;
  role: 'viewer' | 'user' | 'manager' | 'admin';
}

/** What an organisation has in it, in the words of a language. The people and the company do not exist. */
interface Words {
  tenant: string;
  admin: Named;
  colleagues: Named[];
  invited: string;
  key: string;
  /** Templates that agents are made from, and how they are called. */
  agents: { template: string; name: string; description: string }[];
  draft: string;
  /** A second thought about the first agent's. */
  greeting: string;
  textAgent: { name: string; description: string; instructions: string };
  /** What callers type, one conversation each. */
  callers: string[][];
}

export const password = 'seven calm zebras';

export const words: Record<Language, Words> = {
  en: {
    tenant: 'Maison Baobab',
    admin: { name: 'Awa Diop', email: 'awa@baobab.example', role: 'admin' },
    colleagues: [
      { name: 'Malik Sow', email: 'malik@baobab.example', role: 'manager' },
      { name: 'Inès Caron', email: 'ines@baobab.example', role: 'viewer' },
    ],
    invited: 'leo@baobab.example',
    key: 'The shop’s website',
    agents: [
      { template: 'appointment', name: 'Appointments', description: 'Books, moves and cancels appointments.' },
      { template: 'support', name: 'Help desk', description: 'Solves what can be solved, hands over the rest.' },
    ],
    draft: 'Satisfaction survey',
    greeting: 'Maison Baobab, good day. Shall we find you a time?',
    textAgent: { name: 'Website chat', description: 'Answers questions on the website.', instructions: 'You answer visitors of a shop’s website, in two sentences at most.' },
    callers: [['When are you open?', 'Where are you?'], ['What does it cost?'], ['I want to leave a message.'], ['Where are you?']],
  },
  fr: {
    tenant: 'Maison Baobab',
    admin: { name: 'Awa Diop', email: 'awa@baobab.example', role: 'admin' },
    colleagues: [
      { name: 'Malik Sow', email: 'malik@baobab.example', role: 'manager' },
      { name: 'Inès Caron', email: 'ines@baobab.example', role: 'viewer' },
    ],
    invited: 'leo@baobab.example',
    key: 'Site web de la boutique',
    agents: [
      { template: 'appointment', name: 'Prise de rendez-vous', description: 'Fixe, déplace et annule des rendez-vous.' },
      { template: 'support', name: 'Assistance', description: 'Résout ce qui peut l’être, transmet le reste.' },
    ],
    draft: 'Enquête de satisfaction',
    greeting: 'Maison Baobab, bonjour. Quel jour vous conviendrait ?',
    textAgent: { name: 'Messagerie du site', description: 'Répond aux questions sur le site.', instructions: 'Tu réponds aux visiteurs du site d’une boutique, en deux phrases au plus.' },
    callers: [['Quels sont vos horaires ?', 'Où êtes-vous ?'], ['Quels sont vos prix ?'], ['Je voudrais laisser un message.'], ['Où êtes-vous ?']],
  },
  es: {
    tenant: 'Maison Baobab',
    admin: { name: 'Awa Diop', email: 'awa@baobab.example', role: 'admin' },
    colleagues: [
      { name: 'Malik Sow', email: 'malik@baobab.example', role: 'manager' },
      { name: 'Inés Carrasco', email: 'ines@baobab.example', role: 'viewer' },
    ],
    invited: 'leo@baobab.example',
    key: 'Sitio web de la tienda',
    agents: [
      { template: 'appointment', name: 'Citas', description: 'Da, cambia y anula citas.' },
      { template: 'support', name: 'Asistencia', description: 'Resuelve lo que se puede, pasa el resto.' },
    ],
    draft: 'Encuesta de satisfacción',
    greeting: 'Maison Baobab, buenos días. ¿Qué día le viene bien?',
    textAgent: { name: 'Chat del sitio', description: 'Responde a las preguntas del sitio web.', instructions: 'Respondes a quienes visitan el sitio de una tienda, en dos frases como mucho.' },
    callers: [['¿Cuál es su horario?', '¿Dónde están?'], ['¿Cuánto cuesta?'], ['Quiero dejar un mensaje.'], ['¿Dónde están?']],
  },
};

/** An organisation at work: people, agents, keys, conversations. Made through the API, as programs do. */
export class Scene {
  private cookie = '';
  /** References of the agents that were made, the draft last. */
  readonly agents: string[] = [];
  /** Path of an invitation that nobody has accepted. */
  invitation = '';
  /** Secret of the key that may talk. */
  secret = '';

  constructor(
    private readonly server: Server,
    private readonly language: Language,
  ) {}

  /** Makes all of it but the conversations. */
  async furnish(): Promise<this> {
    const w = words[this.language];
    await this.call('POST', '/api/setup', { email: w.admin.email, name: w.admin.name, password, language: this.language, tenant: w.tenant });
    for (const c of w.colleagues) {
      const { path } = await this.call<{ path: string }>('POST', '/api/invitations', { email: c.email, role: c.role });
      await fetch(`${this.server.url}/api${path}`, { method: 'POST', headers: json, body: JSON.stringify({ name: c.name, password: 'quiet green teapots' }) }).then(fine);
    }
    this.invitation = (await this.call<{ path: string }>('POST', '/api/invitations', { email: w.invited, role: 'user' })).path;
    const key = { name: w.key, scopes: ['talk'], expires_at: new Date(Date.now() + 90 * 86_400_000).toISOString() };
    this.secret = (await this.call<{ secret: string }>('POST', '/api/keys', key)).secret;
    for (const a of w.agents) await this.agent(await this.filled(a.template, { name: a.name, description: a.description }), true);
    await this.agent({ ...w.textAgent, kind: 'text', language: this.language, model: { flow: 'reception' } }, true);
    await this.agent(await this.filled('survey', { name: w.draft }), false);
    await this.call('PATCH', `/api/agents/${this.agents[0]}`, { definition: { greeting: { text: w.greeting } } });
    return this;
  }

  /** Signs a browser in as the administrator. */
  async enter(context: BrowserContext): Promise<void> {
    const [name = '', value = ''] = this.cookie.split('=');
    await context.addCookies([{ name, value, url: this.server.url, httpOnly: true, sameSite: 'Lax' }]);
  }

  /** A conversation with an agent for each caller, in writing, as a page holds them by the Realtime protocol. The page is one of ours, signed in. thinkMs is how long a caller thinks before each sentence. */
  async converse(page: Page, agent: string, callers = words[this.language].callers, thinkMs = 0): Promise<void> {
    for (const said of callers) await page.evaluate(hold, { agent, said, thinkMs });
  }

  /** A template's agent with its samples filled in, and changes to it. It answers by the reception's flow, which needs no account. */
  private async filled(template: string, change: object): Promise<object> {
    const { agent } = await this.call<{ agent: object }>('POST', `/api/templates/${template}/fill`, { lang: this.language, samples: true, values: {} });
    return { ...agent, ...change, model: { flow: 'reception' } };
  }

  private async agent(definition: object, publish: boolean): Promise<void> {
    const { reference } = await this.call<{ reference: string }>('POST', '/api/agents', { definition });
    if (publish) await this.call('POST', `/api/agents/${reference}/publish`);
    this.agents.push(reference);
  }

  async call<T = unknown>(method: string, path: string, body?: object): Promise<T> {
    const answer = await fetch(`${this.server.url}${path}`, {
      method,
      headers: { ...json, Cookie: this.cookie },
      body: body && JSON.stringify(body),
    });
    await fine(answer);
    const [fresh] = answer.headers.getSetCookie();
    if (fresh) this.cookie = fresh.split(';')[0] ?? '';
    return (answer.status === 204 ? undefined : await answer.json()) as T;
  }
}

/** One conversation, by a script in the page. */
async function hold({ agent, said, thinkMs }: { agent: string; said: string[]; thinkMs: number }): Promise<void> {
  const socket = new WebSocket(`${location.origin.replace('http', 'ws')}/v1/realtime?model=agent:${agent}`);
  const waiting = new Map<string, () => void>();
  socket.onmessage = (e: MessageEvent<string>) => {
    const { type } = JSON.parse(e.data) as { type: string };
    waiting.get(type)?.();
  };
  const until = (type: string) =>
    new Promise<void>((resolve, reject) => {
      waiting.set(type, resolve);
      socket.onclose = () => reject(new Error(`the conversation ended before ${type}`));
    });
  const send = (event: object) => socket.send(JSON.stringify(event));
  await until('session.created');
  send({ type: 'session.update', session: { type: 'realtime', output_modalities: ['text'] } });
  await until('session.updated');
  for (const text of said) {
    await new Promise((resolve) => setTimeout(resolve, thinkMs));
    const answered = until('response.done');
    send({ type: 'conversation.item.create', item: { type: 'message', role: 'user', content: [{ type: 'input_text', text }] } });
    send({ type: 'response.create' });
    await answered;
  }
  const over = new Promise((resolve) => (socket.onclose = resolve));
  socket.close();
  await over;
}

const json = { 'Content-Type': 'application/json' };

async function fine(answer: Response): Promise<void> {
  if (!answer.ok) throw new Error(`${answer.url}: ${answer.status} ${await answer.text()}`);
}
