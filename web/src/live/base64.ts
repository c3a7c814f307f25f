/** Base64 of PCM16 little-endian samples, as the protocol carries them. Newer browsers do it natively; the rest in script. */

type Native = Uint8Array & { toBase64?: () => string };
type NativeConstructor = typeof Uint8Array & { fromBase64?: (text: string) => Uint8Array<ArrayBuffer> };

export function encodePcm(samples: Int16Array): string {
  const bytes = new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength) as Native;
  if (bytes.toBase64) return bytes.toBase64();
  let binary = '';
  const step = 8192; // String.fromCharCode takes its arguments on the stack
  for (let i = 0; i < bytes.length; i += step) binary += String.fromCharCode(...bytes.subarray(i, i + step));
  return btoa(binary);
}

/** The samples of a text of base64, or undefined when it is not base64. An odd byte at the end is no sample and is left out. */
export function decodePcm(text: string): Int16Array<ArrayBuffer> | undefined {
  try {
    const bytes = toBytes(text);
    return new Int16Array(bytes.buffer, 0, bytes.length >> 1);
  } catch {
    return undefined;
  }
}

function toBytes(text: string): Uint8Array<ArrayBuffer> {
  const native = (Uint8Array as NativeConstructor).fromBase64;
  if (native) return native.call(Uint8Array, text);
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}
