import type { Page } from '@playwright/test';

/** An event of the Realtime protocol, and when it came, in ms of the clock of the page's loudspeaker. */
export interface ServerEvent {
  at: number;
  type: string;
  [field: string]: unknown;
}

interface PageCall {
  clock: AudioContext;
  peer: RTCPeerConnection;
  channel: RTCDataChannel;
  location: string;
  events: ServerEvent[];
}

declare global {
  interface Window {
    e2eCall: PageCall;
  }
}

/** A call that a script in the page makes with nothing but the browser's own WebRTC, as the documents of the protocol's clients show it. */
export class Call {
  private constructor(private readonly page: Page) {}

  /** Opens a call and waits until its channel is open. listenTo must have been called before the page was opened. */
  static async open(page: Page, model: string): Promise<Call> {
    await page.evaluate(async (model) => {
      const clock = new AudioContext({ sampleRate: 48_000 });
      await clock.resume();
      const peer = new RTCPeerConnection();
      const events: ServerEvent[] = [];
      peer.ontrack = (e) => {
        const stream = new MediaStream([e.track]);
        const player = new Audio(); // without one, Chromium hands no sound to the graph
        player.muted = true;
        player.srcObject = stream;
        void player.play();
        clock.createMediaStreamSource(stream).connect(clock.destination);
      };
      const microphone = await navigator.mediaDevices.getUserMedia({ audio: true });
      for (const track of microphone.getTracks()) peer.addTrack(track, microphone);
      const channel = peer.createDataChannel('oai-events');
      channel.onmessage = (e: MessageEvent<string>) => {
        events.push({ ...(JSON.parse(e.data) as { type: string }), at: clock.currentTime * 1000 });
      };
      const open = new Promise((resolve, reject) => {
        channel.onopen = resolve;
        peer.onconnectionstatechange = () => peer.connectionState === 'failed' && reject(new Error('it cannot connect'));
      });
      await peer.setLocalDescription(await peer.createOffer());
      const answer = await fetch(`/v1/realtime/calls?model=${model}`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/sdp' },
        body: peer.localDescription?.sdp ?? '',
      });
      const sdp = await answer.text();
      if (answer.status !== 201) throw new Error(`${answer.status} ${sdp}`);
      await peer.setRemoteDescription({ type: 'answer', sdp });
      window.e2eCall = { clock, peer, channel, events, location: answer.headers.get('Location') ?? '' };
      await open;
    }, model);
    return new Call(page);
  }

  /** Sends an event, and returns when, in ms of the loudspeaker's clock. */
  async send(event: Record<string, unknown>): Promise<number> {
    return this.page.evaluate((event) => {
      const at = window.e2eCall.clock.currentTime * 1000;
      window.e2eCall.channel.send(JSON.stringify(event));
      return at;
    }, event);
  }

  /** Asks for an answer to a written message, and returns when. */
  async ask(text: string): Promise<number> {
    const item = { type: 'message', role: 'user', content: [{ type: 'input_text', text }] };
    await this.send({ type: 'conversation.item.create', item });
    return this.send({ type: 'response.create' });
  }

  /** The nth event of a type, from 0, once it has come. */
  async event(type: string, nth = 0): Promise<ServerEvent> {
    const found = await this.page.waitForFunction(
      ([type, nth]) => window.e2eCall.events.filter((e) => e.type === type)[nth as number],
      [type, nth] as const,
      { timeout: 30_000, polling: 50 },
    );
    return (await found.jsonValue()) as ServerEvent;
  }

  /** The types of all events so far. */
  types(): Promise<string[]> {
    return this.page.evaluate(() => window.e2eCall.events.map((e) => e.type));
  }

  /** Where the call is. */
  location(): Promise<string> {
    return this.page.evaluate(() => window.e2eCall.location);
  }

  /** What the browser counts of the sound that it gets. */
  async inbound(): Promise<{ codec: string; jitterBufferMs: number; lost: number; packets: number }> {
    return this.page.evaluate(async () => {
      const found = { codec: '', jitterBufferMs: 0, lost: 0, packets: 0 };
      const stats = await window.e2eCall.peer.getStats();
      for (const s of stats.values() as Iterable<Record<string, unknown>>) {
        if (s.type !== 'inbound-rtp' || s.kind !== 'audio') continue;
        const codec = stats.get(s.codecId as string) as { mimeType: string } | undefined;
        const emitted = s.jitterBufferEmittedCount as number;
        found.codec = codec?.mimeType ?? '';
        found.jitterBufferMs = emitted > 0 ? (1000 * (s.jitterBufferDelay as number)) / emitted : 0;
        found.lost = s.packetsLost as number;
        found.packets = s.packetsReceived as number;
      }
      return found;
    });
  }

  /** Waits until the server has ended the call. */
  async ended(): Promise<void> {
    await this.page.waitForFunction(() => window.e2eCall.channel.readyState === 'closed', undefined, { timeout: 15_000 });
  }

  hangUp(): Promise<void> {
    return this.page.evaluate(() => window.e2eCall.peer.close());
  }
}
