/** Measures how loud a stream is with every frame of the screen, from 0 to 1, until the returned function is called. */
export function watchLevel(stream: MediaStream, tell: (level: number) => void): () => void {
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  analyser.fftSize = 512;
  context.createMediaStreamSource(stream).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  let level = 0;
  let frame = 0;
  const look = () => {
    analyser.getFloatTimeDomainData(samples);
    let sum = 0;
    for (const s of samples) sum += s * s;
    // Speech is between -45 and -12 dB; the fall is slower than the rise, so that syllables do not flicker.
    const db = 10 * Math.log10(sum / samples.length + 1e-9);
    level = Math.max(Math.min(1, Math.max(0, (db + 50) / 38)), level * 0.9);
    tell(level);
    frame = requestAnimationFrame(look);
  };
  look();
  return () => {
    cancelAnimationFrame(frame);
    void context.close();
  };
}
