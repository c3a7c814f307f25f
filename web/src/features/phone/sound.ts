/** The rate that recognisers listen at. */
const rate = 16_000;

/** Any sound that the browser can play, as a WAV file with one channel of 16 kHz. */
export async function toWav(file: Blob): Promise<Blob> {
  const bytes = await file.arrayBuffer();
  const context = new OfflineAudioContext(1, 1, rate); // it resamples while it decodes
  const sound = await context.decodeAudioData(bytes);
  const mono = new Float32Array(sound.length);
  for (let c = 0; c < sound.numberOfChannels; c++) {
    const data = sound.getChannelData(c);
    for (let i = 0; i < mono.length; i++) mono[i] = (mono[i] ?? 0) + (data[i] ?? 0) / sound.numberOfChannels;
  }
  return wavOf(mono, sound.sampleRate);
}

/** A WAV file of 16-bit samples. */
export function wavOf(samples: Float32Array, sampleRate: number): Blob {
  const view = new DataView(new ArrayBuffer(44 + samples.length * 2));
  const text = (at: number, word: string) => {
    for (let i = 0; i < word.length; i++) view.setUint8(at + i, word.charCodeAt(i));
  };
  text(0, 'RIFF');
  view.setUint32(4, 36 + samples.length * 2, true);
  text(8, 'WAVEfmt ');
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, sampleRate, true);
  view.setUint32(28, sampleRate * 2, true);
  view.setUint16(32, 2, true);
  view.setUint16(34, 16, true);
  text(36, 'data');
  view.setUint32(40, samples.length * 2, true);
  samples.forEach((s, i) => {
    view.setInt16(44 + i * 2, Math.round(Math.max(-1, Math.min(1, s)) * 32_767), true);
  });
  return new Blob([view.buffer], { type: 'audio/wav' });
}
