import { el, icon, iconButton } from './dom';
import { markdown } from './markdown';
import type { Shell } from './panel';
import { type Event, Refused, type File as Sent, type Session } from './server';

const maxFile = 10 << 20;
const maxFiles = 5;
const accepted =
  'image/png,image/jpeg,image/webp,image/gif,application/pdf,.docx,.xlsx,.pptx,.odt,.ods,.odp,.txt,.md,.csv,.json';

/** A bubble of the agent's that fills while the reply is written. */
class Bubble {
  readonly root = el('li', { class: 'agent' });
  private readonly body = el('div', { class: 'bubble', 'aria-busy': 'true' });
  text = '';
  private drawn = 0;

  constructor(private readonly shell: Shell) {
    this.body.append(el('span', { class: 'quiet' }, shell.words.writing.replace('{name}', shell.looks.name)), dots());
    this.root.append(el('span', { class: 'quiet' }, `${shell.looks.name}: `), this.body);
  }

  add(text: string, drawn: () => void): void {
    this.text += text;
    // As often as the screen is drawn, and not as often as pieces come.
    this.drawn ||= requestAnimationFrame(() => {
      this.drawn = 0;
      this.draw();
      drawn();
    });
  }

  draw(): void {
    this.body.replaceChildren(markdown(this.text, this.shell.words.link));
  }

  end(note = ''): void {
    cancelAnimationFrame(this.drawn);
    this.body.removeAttribute('aria-busy');
    this.draw();
    if (note) this.root.append(el('p', { class: 'note' }, note));
  }
}

function dots(): HTMLElement {
  return el('span', { class: 'dots', 'aria-hidden': 'true' }, el('i'), el('i'), el('i'));
}

/** A written conversation. */
export class Chat {
  readonly root = el('section', { class: 'chat' });
  private readonly log: HTMLElement;
  private readonly list = el('ol');
  private readonly chips: HTMLElement;
  private readonly field: HTMLTextAreaElement;
  private readonly go: HTMLButtonElement;
  private readonly tray: HTMLElement;
  private readonly picker: HTMLInputElement;
  private readonly files: Sent[] = [];
  private session: string;
  private running?: AbortController;
  private bubble?: Bubble;
  private over = false;
  private waiting?: () => void;
  /** What the visitor has written and the server has not taken yet. */
  private asked?: string;

  constructor(private readonly shell: Shell) {
    const { words: w, looks } = shell;
    this.session = shell.preview ? '' : shell.store.get('session');
    this.log = el(
      'div',
      { class: 'log', role: 'log', 'aria-live': 'off', 'aria-label': w.conversation, tabindex: '0' },
      this.list,
    );
    this.chips = el('div', { class: 'chips', role: 'group', 'aria-label': w.suggestions });
    this.field = el('textarea', {
      rows: '1',
      placeholder: w.message,
      'aria-label': w.message,
      maxlength: '32000',
      enterkeyhint: 'send',
    });
    this.field.addEventListener('keydown', (e) => {
      if (e.key !== 'Enter' || e.shiftKey || e.isComposing) return;
      e.preventDefault();
      this.submit();
    });
    this.field.addEventListener('input', () => this.fit());
    this.go = iconButton('send', w.send, () => (this.running ? void this.stop() : this.submit()), 'go');
    this.tray = el('div', { class: 'tray' });
    this.picker = el('input', {
      type: 'file',
      multiple: true,
      accept: accepted,
      class: 'quiet',
      tabindex: '-1',
      'aria-hidden': 'true',
    });
    this.picker.addEventListener('change', () => void this.pick(this.picker.files));
    const row = el('div', { class: 'row' }, this.field);
    row.append(iconButton('clip', w.attach, () => this.picker.click(), 'soft'));
    if (looks.voice) row.append(iconButton('mic', w.speak, () => shell.show('voice'), 'soft'));
    row.append(this.go);
    const form = el('form', {}, this.tray, row, this.picker, el('p', { class: 'made' }, w.made));
    form.addEventListener('submit', (e) => e.preventDefault());
    this.root.append(this.log, this.chips, form);
    this.clear();
    this.buttons();
    if (this.session) void this.restore();
  }

  get draft(): string {
    return this.field.value;
  }

  fill(text: string): void {
    this.field.value = text;
    this.fit();
  }

  focus(): void {
    this.field.focus();
  }

  redraw(): void {}

  leave(): void {
    this.waiting?.();
    this.running?.abort();
  }

  /** A new conversation; the one before stays with the agent's owner. */
  reset(): void {
    this.waiting?.();
    if (this.running && this.session) void this.shell.server.stop(this.session).catch(() => undefined);
    this.running?.abort();
    this.running = undefined;
    this.session = '';
    this.over = false;
    this.shell.store.set('session', '');
    this.clear();
    this.buttons();
    this.shell.say(this.shell.words.restarted);
    this.focus();
  }

  send(text: string): void {
    if (this.running || this.shell.preview || (text.trim() === '' && this.files.length === 0)) return;
    const files = this.files.splice(0);
    this.showFiles();
    if (this.over) {
      this.session = '';
      this.over = false;
    }
    this.theirs(
      text,
      files.map((f) => f.name),
    );
    this.asked = text;
    void this.answer(
      (on, signal) => this.deliver(text, files, on, signal),
      () => this.send(text),
    );
  }

  private submit(): void {
    const text = this.field.value;
    if (this.running || this.shell.preview) return;
    this.fill('');
    this.send(text);
  }

  private clear(): void {
    this.list.replaceChildren();
    this.chips.replaceChildren();
    const greeting = this.shell.greeting();
    if (greeting) this.ours(greeting);
    for (const text of this.shell.looks.suggestions) {
      const chip = el('button', { type: 'button' }, text);
      chip.addEventListener('click', () => {
        this.send(text);
        this.focus();
      });
      this.chips.append(chip);
    }
  }

  /** What was said before the page was loaded again; and a reply that still runs goes on. */
  private async restore(): Promise<void> {
    let s: Session;
    try {
      s = await this.shell.server.session(this.session);
    } catch (cause) {
      if (!(cause instanceof Refused) || cause.problem.status === 0) return;
      this.session = '';
      this.shell.store.set('session', '');
      return;
    }
    if (this.running || this.session !== s.id) return;
    this.list.replaceChildren();
    for (const m of s.messages) {
      if (m.role === 'user')
        this.theirs(
          m.content,
          (m.attachments ?? []).map((a) => a.name),
        );
      else this.ours(m.content, m.stopped ? this.shell.words.stopped : '');
    }
    if (s.running) {
      void this.answer((on, signal) => this.shell.server.resume(s.id, on, signal).then(() => undefined));
    } else if (s.messages_left < 2 || Date.parse(s.expires_at) < Date.now()) this.finish();
    this.scroll(true);
  }

  private async deliver(text: string, files: Sent[], on: (e: Event) => void, signal: AbortSignal): Promise<void> {
    for (;;) {
      try {
        await this.shell.server.send({ text, session: this.session, files }, on, signal);
        return;
      } catch (cause) {
        if (signal.aborted || !(cause instanceof Refused)) throw cause;
        const { code, status } = cause.problem;
        // A conversation that is over, or gone: the message begins the next one.
        if (
          this.session &&
          (status === 404 || code === 'session_expired' || code === 'session_full' || code === 'session_closed')
        ) {
          this.session = '';
          continue;
        }
        if (status === 0 && !navigator.onLine && !this.bubble?.text) {
          this.notice(this.shell.words.offline);
          await this.online(signal);
          continue;
        }
        throw cause;
      }
    }
  }

  private online(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const done = (then: () => void) => () => {
        window.removeEventListener('online', back);
        signal.removeEventListener('abort', gone);
        this.notice('');
        then();
      };
      const back = done(resolve);
      const gone = done(() => reject(signal.reason));
      this.waiting = gone;
      window.addEventListener('online', back);
      signal.addEventListener('abort', gone);
    });
  }

  private async answer(
    run: (on: (e: Event) => void, signal: AbortSignal) => Promise<void>,
    retry?: () => void,
  ): Promise<void> {
    const { shell } = this;
    const running = new AbortController();
    this.running = running;
    const bubble = new Bubble(shell);
    this.bubble = bubble;
    this.chips.replaceChildren();
    this.notice('');
    this.list.append(bubble.root);
    this.buttons();
    this.scroll(true);
    shell.state('thinking');
    let finish = '';
    let failure: unknown;
    try {
      await run((e) => {
        finish = this.event(e, bubble) ?? finish;
      }, running.signal);
    } catch (cause) {
      failure = cause;
    }
    if (this.running !== running) return; // begun anew meanwhile
    this.running = undefined;
    this.bubble = undefined;
    const failed = failure !== undefined || finish === 'error';
    if (bubble.text === '' && (failed || finish === 'stopped' || finish === '')) bubble.root.remove();
    else bubble.end(finish === 'stopped' ? shell.words.stopped : '');
    if (bubble.text) {
      shell.up({ t: 'message', role: 'assistant', content: bubble.text, sessionId: this.session });
      shell.say(`${shell.looks.name}: ${bubble.text}`);
    }
    if (failed) {
      const text = failure === undefined ? shell.words.failed : shell.wordsOf(failure);
      this.notice(text, retry);
      shell.up({ t: 'error', code: failure instanceof Refused ? failure.problem.code : 'reply_failed', message: text });
    }
    if (finish === 'ended') this.finish();
    shell.state('idle');
    this.buttons();
    this.scroll();
  }

  private event(e: Event, bubble: Bubble): string | undefined {
    const { shell } = this;
    switch (e.type) {
      case 'session':
        if (e.session_id && e.session_id !== this.session) {
          this.session = e.session_id;
          shell.store.set('session', e.session_id);
        }
        if (this.asked !== undefined)
          shell.up({ t: 'message', role: 'user', content: this.asked, sessionId: this.session });
        this.asked = undefined;
        return undefined;
      case 'content':
        shell.state('writing');
        bubble.add(e.content ?? '', () => this.scroll());
        return undefined;
      case 'tool_call':
        shell.up({ t: 'tool', tool: e.tool ?? '' });
        return undefined;
      case 'error':
        return 'error';
      case 'done':
        return e.finish_reason === 'error' ? 'error' : (e.finish_reason ?? 'stop');
    }
    return undefined;
  }

  private async stop(): Promise<void> {
    const { session, running } = this;
    try {
      if (session) await this.shell.server.stop(session);
      else running?.abort();
    } catch {
      running?.abort();
    }
    this.focus();
  }

  /** The conversation takes no more: what is written next begins another. */
  private finish(): void {
    this.over = true;
    this.shell.store.set('session', '');
    this.notice(this.shell.words.over);
    this.shell.state('ended');
  }

  private notice(text: string, retry?: () => void): void {
    this.root.querySelector('.notice')?.remove();
    if (!text) return;
    const notice = el('div', { class: 'notice', role: 'alert' }, el('p', {}, text));
    if (retry) {
      const again = el('button', { type: 'button', class: 'plain' }, this.shell.words.again);
      again.addEventListener('click', () => {
        notice.remove();
        [...this.list.querySelectorAll('li.visitor')].at(-1)?.remove();
        retry();
      });
      notice.append(again);
    }
    this.log.after(notice);
  }

  private ours(text: string, note = ''): void {
    const bubble = el('div', { class: 'bubble' }, markdown(text, this.shell.words.link));
    this.list.append(
      el(
        'li',
        { class: 'agent' },
        el('span', { class: 'quiet' }, `${this.shell.looks.name}: `),
        bubble,
        note && el('p', { class: 'note' }, note),
      ),
    );
  }

  private theirs(text: string, files: string[]): void {
    const li = el('li', { class: 'visitor' }, el('span', { class: 'quiet' }, `${this.shell.words.you}: `));
    if (text) li.append(el('div', { class: 'bubble' }, text));
    for (const name of files) li.append(el('div', { class: 'file' }, icon('clip'), name));
    this.list.append(li);
    this.scroll(true);
  }

  private buttons(): void {
    const w = this.shell.words;
    const label = this.running ? w.stop : w.send;
    this.go.setAttribute('aria-label', label);
    this.go.title = label;
    this.go.replaceChildren(icon(this.running ? 'stop' : 'send'));
    this.go.dataset.running = String(this.running !== undefined);
  }

  private fit(): void {
    this.field.style.height = 'auto';
    this.field.style.height = `${Math.min(this.field.scrollHeight + 2, 140)}px`;
  }

  /** To the end, unless the visitor reads further up. */
  private scroll(always = false): void {
    const { log } = this;
    if (always || log.scrollHeight - log.scrollTop - log.clientHeight < 90) log.scrollTop = log.scrollHeight;
  }

  private async pick(chosen: FileList | null): Promise<void> {
    for (const file of chosen ?? []) {
      if (file.size > maxFile || this.files.length >= maxFiles) {
        this.notice(this.shell.words.tooLarge);
        continue;
      }
      const address = await new Promise<string>((resolve, reject) => {
        const reader = new FileReader();
        reader.onload = () => resolve(String(reader.result));
        reader.onerror = () => reject(reader.error);
        reader.readAsDataURL(file);
      });
      this.files.push({ name: file.name, type: file.type, data: address.slice(address.indexOf(',') + 1) });
    }
    this.picker.value = '';
    this.showFiles();
    this.focus();
  }

  private showFiles(): void {
    this.tray.replaceChildren(
      ...this.files.map((f) => {
        const out = el('span', { class: 'file' }, icon('clip'), el('span', {}, f.name));
        out.append(
          iconButton(
            'close',
            this.shell.words.remove.replace('{name}', f.name),
            () => {
              this.files.splice(this.files.indexOf(f), 1);
              this.showFiles();
              this.focus();
            },
            'tiny',
          ),
        );
        return out;
      }),
    );
  }
}
