import { askForMicrophone } from '~/live/microphone';
import { MicrophoneError, type OpenMicrophone, type OpenSocket, type OpenSpeaker, type Socket } from '~/live/ports';
import type { CapturedFrame } from '~/live/worklets/capture';
import captureUrl from '~/live/worklets/capture?worker&url';
import type { PlayCommand, PlayMessage } from '~/live/worklets/playback';
import playbackUrl from '~/live/worklets/playback?worker&url';

const rate = 24_000;

/** The person's microphone with echo cancellation, as frames of 20 ms at 24 kHz. The browser asks for leave. */
export const openMicrophone: OpenMicrophone = async (handlers) => {
  const stream = await askForMicrophone();
  const track = stream.getAudioTracks()[0];
  let context: AudioContext | undefined;
  try {
    const capture = await listen(stream);
    context = capture.context;
    capture.node.port.onmessage = (e: MessageEvent<CapturedFrame>) =>
      handlers.onFrame(e.data.pcm, e.data.rms, e.data.peak);
  } catch (cause) {
    track?.stop();
    throw new MicrophoneError('unavailable', cause);
  }
  track?.addEventListener('ended', () => handlers.onLost());
  return {
    label: track?.label ?? '',
    setMuted: (muted) => {
      if (track) track.enabled = !muted;
    },
    close: () => {
      for (const t of stream.getTracks()) t.stop();
      void context?.close();
    },
  };
};

/** Prefers a context at the protocol's rate; where a browser refuses to mix rates, the worklet resamples from the device's own. */
async function listen(stream: MediaStream): Promise<{ context: AudioContext; node: AudioWorkletNode }> {
  let context = new AudioContext({ sampleRate: rate, latencyHint: 'interactive' });
  let source: MediaStreamAudioSourceNode;
  try {
    source = context.createMediaStreamSource(stream);
  } catch {
    await context.close();
    context = new AudioContext({ latencyHint: 'interactive' });
    source = context.createMediaStreamSource(stream);
  }
  await context.audioWorklet.addModule(captureUrl);
  const node = new AudioWorkletNode(context, 'capture', { numberOfInputs: 1, numberOfOutputs: 1, channelCount: 1 });
  source.connect(node).connect(context.destination); // it writes no output, but an unconnected node may not be run
  await context.resume();
  return { context, node };
}

/** The loudspeaker at 24 kHz. */
export const openSpeaker: OpenSpeaker = async (handlers) => {
  const context = new AudioContext({ sampleRate: rate, latencyHint: 'interactive' });
  await context.audioWorklet.addModule(playbackUrl);
  const node = new AudioWorkletNode(context, 'playback', {
    numberOfInputs: 0,
    numberOfOutputs: 1,
    outputChannelCount: [1],
  });
  const gain = new GainNode(context);
  const ducking = new GainNode(context);
  node.connect(gain).connect(ducking).connect(context.destination);
  const command = (c: PlayCommand, transfer: Transferable[] = []) => node.port.postMessage(c, transfer);
  // Some browsers leave outputLatency out, or report it only once sound flows.
  const latencyMs = () => 1000 * (context.baseLatency + (context.outputLatency || 0));
  const timers = new Set<ReturnType<typeof setTimeout>>();

  node.port.onmessage = (e: MessageEvent<PlayMessage>) => {
    handlers.onLevel(e.data.rms);
    for (const r of e.data.reports) {
      const rendered = (r.played * 1000) / rate;
      if (r.state === 'playing') handlers.onPosition(r.key, Math.max(0, rendered - latencyMs()), false, false);
      // What has left the queue will be heard whatever happens: after a stop it counts, though its last part is still on its way.
      else if (r.state === 'stopped') handlers.onPosition(r.key, rendered, true, true);
      else later(() => handlers.onPosition(r.key, rendered, true, false), latencyMs());
    }
  };
  const later = (run: () => void, ms: number) => {
    const timer = setTimeout(() => {
      timers.delete(timer);
      run();
    }, ms);
    timers.add(timer);
  };

  const tellBlocked = () => handlers.onBlocked(context.state === 'suspended');
  context.addEventListener('statechange', tellBlocked);
  // Never waited for: without a click before, it stays pending until there is one.
  void context.resume().catch(() => undefined);
  later(tellBlocked, 300);

  return {
    get latencyMs() {
      return latencyMs();
    },
    get blocked() {
      return context.state === 'suspended';
    },
    push: (key, pcm) => command({ do: 'push', key, pcm }, [pcm.buffer]),
    end: (key) => command({ do: 'end', key }),
    stop: () => command({ do: 'stop' }),
    hold: (on) => command({ do: 'hold', on }),
    duck: (on) => ducking.gain.setTargetAtTime(on ? 0.25 : 1, context.currentTime, 0.01),
    setVolume: (volume) => gain.gain.setTargetAtTime(volume, context.currentTime, 0.02),
    resume: () => context.resume(),
    close: () => {
      for (const timer of timers) clearTimeout(timer);
      context.removeEventListener('statechange', tellBlocked);
      void context.close();
    },
  };
};

/** A browser's WebSocket. */
export const openSocket: OpenSocket = (url) => new WebSocket(url) as Socket;
