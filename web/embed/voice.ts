import { openMicrophone, openSpeaker } from '~/live/audio';
import { type Call, type CallLine, isLive, isOver, spokenOf } from '~/live/call';
import { LiveClient } from '~/live/client';
import type { Socket } from '~/live/ports';
import type { State } from './bridge';
import { el, icon, iconButton } from './dom';
import { mark, type Shell } from './panel';

/** A spoken conversation: the visitor is asked before the microphone is opened, and sees at every moment whether it is. */
export class VoiceView {
  readonly root = el('section', { class: 'voice' });
  private readonly stage = el('div', { class: 'stage' });
  private readonly state = el('p', { class: 'state', role: 'status' });
  private readonly trouble = el('p', { class: 'trouble', role: 'alert' });
  private readonly captions = el('ol', { class: 'captions' });
  private readonly dock = el('div', { class: 'dock' });
  private client?: LiveClient;
  private watched?: () => void;
  private showing = '';
  private loud = 0;
  private readonly told = new Set<string>();

  constructor(private readonly shell: Shell) {
    const log = el(
      'div',
      { class: 'log', role: 'log', 'aria-live': 'off', 'aria-label': shell.words.captions, tabindex: '0' },
      this.captions,
    );
    this.root.append(this.stage, this.state, this.trouble, log, this.dock);
    this.ask();
  }

  focus(): void {
    this.dock.querySelector('button')?.focus();
  }

  redraw(): void {}

  reset(): void {
    this.leave();
    this.captions.replaceChildren();
    this.ask();
    this.focus();
  }

  leave(): void {
    this.watched?.();
    this.watched = undefined;
    cancelAnimationFrame(this.loud);
    this.client?.end();
    this.client = undefined;
  }

  /** Before anything is heard: what will be, and the button that begins it. */
  private ask(why = ''): void {
    const { words: w, looks } = this.shell;
    this.showing = '';
    this.stage.replaceChildren(mark(looks));
    this.state.textContent = '';
    this.trouble.textContent = why;
    const begin = el('button', { type: 'button', class: 'begin' }, icon('mic'), why ? w.again : w.start);
    begin.addEventListener('click', () => void this.begin());
    this.dock.replaceChildren(el('p', { class: 'consent' }, w.consent), begin);
    if (looks.text) this.dock.append(this.writing());
  }

  private writing(): HTMLElement {
    const b = el('button', { type: 'button', class: 'plain' }, icon('chat'), this.shell.words.write);
    b.addEventListener('click', () => this.shell.show('text'));
    return b;
  }

  private async begin(): Promise<void> {
    const { shell } = this;
    if (this.client || shell.preview) return;
    this.trouble.textContent = '';
    this.captions.replaceChildren();
    this.told.clear();
    this.state.textContent = shell.words.states.connecting;
    shell.state('connecting');
    this.dock.replaceChildren();
    let secret: { value: string; model: string };
    try {
      secret = await shell.server.call();
    } catch (cause) {
      this.ask(shell.wordsOf(cause));
      this.focus();
      shell.state('failed');
      return;
    }
    const client = new LiveClient({
      agent: secret.model.replace(/^agent:/, ''),
      microphone: true,
      openMicrophone,
      openSpeaker,
      // The secret travels beside the address, which is written into logs.
      openSocket: (url) => new WebSocket(url, ['realtime', `openai-insecure-api-key.${secret.value}`]) as Socket,
      origin: location.origin,
    });
    this.client = client;
    this.watched = client.subscribe(() => this.draw(client.getSnapshot()));
    this.watchLevel(client);
    await client.start();
  }

  private draw(call: Call): void {
    const { words: w } = this.shell;
    if (isOver(call.state)) {
      this.over(call);
      return;
    }
    const name = nameOf(call);
    this.state.textContent = call.mic.state === 'muted' && name === 'listening' ? w.states.muted : w.states[name];
    this.stage.dataset.state = name;
    this.shell.state(stateOf(call));
    const fault = call.mic.state;
    const trouble =
      fault === 'off' || fault === 'asking' || fault === 'on' || fault === 'muted' ? call.mic.trouble : fault;
    const text = trouble ? w.mic[trouble] : '';
    if (this.trouble.textContent !== text) this.trouble.textContent = text;
    this.write(call.lines);
    this.buttons(call);
  }

  /** The buttons change only when what they do changes, so that none loses the focus. */
  private buttons(call: Call): void {
    const { words: w } = this.shell;
    const on = call.mic.state === 'on';
    const muted = call.mic.state === 'muted';
    const broken = !on && !muted && call.mic.state !== 'asking' && call.mic.state !== 'off';
    const key = `${on || muted ? call.mic.state : broken} ${call.soundBlocked} ${isLive(call.state)}`;
    if (key === this.showing) return;
    this.showing = key;
    const focused = this.dock.contains(document.activeElement)
      ? (document.activeElement as HTMLElement).dataset.do
      : undefined;
    const row = el('div', { class: 'row' });
    const add = (b: HTMLElement, name: string) => {
      b.dataset.do = name;
      row.append(b);
    };
    if (on || muted) {
      const b = iconButton(
        muted ? 'micOff' : 'mic',
        muted ? w.unmute : w.mute,
        () => this.client?.setMuted(on),
        muted ? 'round off' : 'round on',
      );
      b.setAttribute('aria-pressed', String(muted));
      add(b, 'mute');
    } else if (broken)
      add(
        iconButton('mic', w.again, () => void this.client?.enableMicrophone(), 'round'),
        'mute',
      );
    if (isLive(call.state))
      add(
        iconButton('hand', w.interrupt, () => this.client?.interrupt(), 'round'),
        'interrupt',
      );
    const end = el('button', { type: 'button', class: 'end' }, w.end);
    end.addEventListener('click', () => this.client?.end());
    add(end, 'end');
    const parts: HTMLElement[] = [];
    if (call.soundBlocked) {
      const sound = el('button', { type: 'button', class: 'begin' }, w.sound);
      sound.addEventListener('click', () => void this.client?.unblockSound());
      parts.push(sound);
    }
    this.dock.replaceChildren(...parts, row);
    this.dock.querySelector<HTMLElement>(focused ? `[data-do="${focused}"]` : '[data-do="end"]')?.focus();
  }

  private write(lines: CallLine[]): void {
    const items: HTMLElement[] = [];
    for (const line of lines) {
      if (line.kind === 'tool') {
        if (!this.told.has(line.id)) {
          this.told.add(line.id);
          this.shell.up({ t: 'tool', tool: line.name });
        }
        continue;
      }
      if (line.kind === 'caller') {
        if (!line.text) continue;
        items.push(
          el(
            'li',
            { class: 'visitor', 'data-partial': line.state !== 'final' },
            el('span', { class: 'quiet' }, `${this.shell.words.you}: `),
            el('div', { class: 'bubble' }, line.text),
          ),
        );
        if (line.state === 'final') this.tell(line.id, 'user', line.text);
        continue;
      }
      const { heard, ahead, unheard } = spokenOf(line);
      if (!heard && !ahead && !unheard) continue;
      const bubble = el(
        'div',
        { class: 'bubble' },
        heard,
        ahead && el('span', { class: 'ahead' }, ahead),
        unheard && el('s', {}, unheard),
      );
      items.push(el('li', { class: 'agent' }, el('span', { class: 'quiet' }, `${this.shell.looks.name}: `), bubble));
      if (line.outcome) this.tell(line.id, 'assistant', heard);
    }
    const log = this.captions.parentElement;
    const end = log ? log.scrollHeight - log.scrollTop - log.clientHeight < 90 : false;
    this.captions.replaceChildren(...items);
    if (log && end) log.scrollTop = log.scrollHeight;
  }

  /** Each sentence is an event for the page, once, when it is settled. */
  private tell(id: string, role: 'user' | 'assistant', content: string): void {
    if (this.told.has(id) || !content) return;
    this.told.add(id);
    this.shell.up({ t: 'message', role, content, sessionId: this.client?.getSnapshot().conversation ?? '' });
  }

  private over(call: Call): void {
    const { words: w } = this.shell;
    this.watched?.();
    this.watched = undefined;
    cancelAnimationFrame(this.loud);
    this.client = undefined;
    this.write(call.lines);
    if (call.state.name === 'failed') {
      const text = w.call[call.state.code];
      this.shell.up({ t: 'error', code: call.state.code, message: text });
      this.shell.state('failed');
      this.ask(text);
    } else {
      this.shell.state('ended');
      this.ask();
      this.state.textContent = w.ended;
    }
    this.focus();
  }

  /** The ring around the mark breathes with whoever speaks. */
  private watchLevel(client: LiveClient): void {
    if (matchMedia('(prefers-reduced-motion: reduce)').matches) return;
    const step = () => {
      if (this.client !== client) return;
      const now = performance.now();
      const level = Math.max(client.levels.agent.max(now - 120, now), client.levels.caller.max(now - 120, now));
      this.stage.style.setProperty('--level', level.toFixed(2));
      this.loud = requestAnimationFrame(step);
    };
    step();
  }
}

type Shown = 'connecting' | 'mic' | 'listening' | 'hearing' | 'thinking' | 'speaking' | 'held';

function nameOf(call: Call): Shown {
  const s = call.state;
  if (s.name === 'connecting') return call.mic.state === 'asking' ? 'mic' : 'connecting';
  if (s.name === 'listening') return s.caller ? 'hearing' : 'listening';
  if (s.name === 'thinking' || s.name === 'speaking' || s.name === 'held') return s.name;
  return 'connecting';
}

function stateOf(call: Call): State {
  const s = call.state.name;
  return s === 'held' ? 'listening' : s;
}
