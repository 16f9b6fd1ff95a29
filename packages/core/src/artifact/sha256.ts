import { sha256InPieces } from '../runtime/index.ts';

/** Fractional parts of the cube roots of the first 64 primes, and of the square roots of the first 8 (FIPS 180-4). */
const [rounds, start] = ((): [Uint32Array, Uint32Array] => {
  const primes: number[] = [];
  for (let n = 2; primes.length < 64; n++) if (primes.every((p) => n % p !== 0)) primes.push(n);
  const fraction = (x: number): number => Math.floor((x - Math.floor(x)) * 2 ** 32);
  return [
    Uint32Array.from(primes, (p) => fraction(Math.cbrt(p))),
    Uint32Array.from(primes.slice(0, 8), (p) => fraction(Math.sqrt(p))),
  ];
})();

const turn = (x: number, n: number): number => (x >>> n) | (x << (32 - n));

/** One block of 64 bytes into the state (FIPS 180-4, section 6.2.2). */
function compress(state: Uint32Array, block: DataView, at: number, words: Uint32Array): void {
  for (let i = 0; i < 16; i++) words[i] = block.getUint32(at + 4 * i);
  for (let i = 16; i < 64; i++) {
    const [w15, w2] = [words[i - 15]!, words[i - 2]!];
    const s0 = turn(w15, 7) ^ turn(w15, 18) ^ (w15 >>> 3);
    const s1 = turn(w2, 17) ^ turn(w2, 19) ^ (w2 >>> 10);
    words[i] = words[i - 16]! + s0 + words[i - 7]! + s1;
  }
  let [a, b, c, d, e, f, g, h] = state as unknown as [number, number, number, number, number, number, number, number];
  for (let i = 0; i < 64; i++) {
    const t1 = (h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g)) + rounds[i]! + words[i]!) | 0;
    const t2 = ((turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + t1) | 0;
    d = c;
    c = b;
    b = a;
    a = (t1 + t2) | 0;
  }
  [a, b, c, d, e, f, g, h].forEach((x, i) => {
    state[i] = state[i]! + x;
  });
}

/** @internal SHA-256 in JavaScript: for pages without a secure context, which have no WebCrypto, and for 2 GB and more. */
export function sha256InJavaScript(bytes: Uint8Array): Uint8Array {
  const state = start.slice();
  const words = new Uint32Array(64);
  const whole = bytes.length - (bytes.length % 64);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at < whole; at += 64) compress(state, view, at, words);
  // The rest, a one bit, zeros, and the length in bits.
  const left = bytes.subarray(whole);
  const tail = new Uint8Array(left.length < 56 ? 64 : 128);
  tail.set(left);
  tail[left.length] = 0x80;
  const tailView = new DataView(tail.buffer);
  tailView.setBigUint64(tail.length - 8, BigInt(bytes.length) * 8n);
  for (let at = 0; at < tail.length; at += 64) compress(state, tailView, at, words);
  const digest = new DataView(new ArrayBuffer(32));
  state.forEach((x, i) => digest.setUint32(4 * i, x));
  return new Uint8Array(digest.buffer);
}

/** What is longer is not hashed in one go. */
const onePiece = 2 ** 20;

/** SHA-256 of bytes, as 64 lower-case hexadecimal digits. Source: FIPS 180-4; WebCrypto's `digest` where there is one. */
export async function sha256(bytes: Uint8Array): Promise<string> {
  if (sha256InPieces && bytes.length > onePiece) return sha256InPieces(bytes);
  // Undefined outside secure contexts, whatever the types say; it takes no shared memory, and fewer than 2^31 bytes.
  const subtle = globalThis.crypto?.subtle as typeof crypto.subtle | undefined;
  const fits = bytes.buffer instanceof ArrayBuffer && bytes.byteLength < 2 ** 31;
  const digest =
    subtle && fits ? new Uint8Array(await subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>)) : sha256InJavaScript(bytes);
  return Array.from(digest, (b) => b.toString(16).padStart(2, '0')).join('');
}
