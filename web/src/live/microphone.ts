import type { MicFault } from '~/live/call';
import { MicrophoneError } from '~/live/ports';

const faults: Record<string, MicFault> = {
  NotAllowedError: 'denied',
  SecurityError: 'denied',
  NotFoundError: 'missing',
  OverconstrainedError: 'missing',
  NotReadableError: 'busy',
  AbortError: 'busy',
};

/** The person's microphone with echo cancellation. The browser asks for leave; why there is none is a MicrophoneError. */
export async function askForMicrophone(): Promise<MediaStream> {
  // Pages from elsewhere than this machine get a microphone over https only.
  if (!navigator.mediaDevices) throw new MicrophoneError(window.isSecureContext ? 'unavailable' : 'insecure');
  try {
    const audio = { echoCancellation: true, noiseSuppression: true, autoGainControl: true, channelCount: 1 };
    return await navigator.mediaDevices.getUserMedia({ audio });
  } catch (cause) {
    const fault = cause instanceof DOMException ? faults[cause.name] : undefined;
    throw new MicrophoneError(fault ?? 'unavailable', cause);
  }
}
