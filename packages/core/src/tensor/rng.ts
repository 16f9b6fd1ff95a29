/**
 * Counter-based random numbers: the i-th number of a stream is a pure function of (key, i), so a run is reproducible from
 * its seed, can be resumed anywhere, and draws the same stream on every backend. `ops/random-bits.ts` computes the same
 * function inside a graph; a test holds the two together, bit for bit.
 *
 * The mixer is "lowbias32" of Chris Wellons' hash prospector (bias 0.17), applied twice with a 64-bit key in between.
 */
export type RandomKey = readonly [number, number];

/** Constants of the stream, shared with the in-graph version. */
export const stream = {
  weyl: 0x9e3779b9,
  shifts: [16, 15, 16],
  multipliers: [0x7feb352d, 0x846ca68b],
  salts: [0x85ebca6b, 0xc2b2ae35],
} as const;

// Unpacked once: these run ten million times for a large model's first weights.
const { weyl } = stream;
const [s0, s1, s2] = stream.shifts;
const [m0, m1] = stream.multipliers;

const mix = (value: number): number => {
  let x = value >>> 0;
  x = Math.imul(x ^ (x >>> s0), m0);
  x = Math.imul(x ^ (x >>> s1), m1);
  return (x ^ (x >>> s2)) >>> 0;
};

/** The 32 random bits at position `i` (0..2^32-1) of the stream of `key`. */
export const bitsAt = (key: RandomKey, i: number): number => mix(mix((Math.imul(i, weyl) + key[0]) >>> 0) ^ key[1]);

/**
 * A new, independent key from a key and a whole number: a layer's salt, an epoch, a step.
 *
 * @example
 * import { foldIn, permutation, randomKey } from '@stratus/core';
 * const orderOf = (epoch: number) => permutation(3, foldIn(randomKey(1), epoch));
 * console.log(orderOf(1).length); // 3
 */
export const foldIn = ([k0, k1]: RandomKey, salt: number): RandomKey => [
  mix((k0 ^ mix((salt + stream.salts[0]) >>> 0)) >>> 0),
  mix((k1 + mix((salt ^ stream.salts[1]) >>> 0)) >>> 0),
];

/**
 * The key of a seed, any whole number up to 2^53.
 *
 * @example
 * import { permutation, randomKey } from '@stratus/core';
 * console.log(permutation(5, randomKey(1)).length); // 5
 */
export const randomKey = (seed: number): RandomKey => foldIn([seed >>> 0, Math.floor(seed / 2 ** 32) >>> 0], 0);

/** A number from 0 (inclusive) to 1 (exclusive), a multiple of 2^-24, as float32 holds it. */
export const uniformAt = (key: RandomKey, i: number): number => (bitsAt(key, i) >>> 8) * 2 ** -24;

/**
 * A generator: each call gives the next of the numbers from 0 (inclusive) to 1 (exclusive) of a key.
 *
 * @example
 * import { randomKey, uniforms } from '@stratus/core';
 * const random = uniforms(randomKey(1));
 * console.log(random() === random()); // false
 */
export const uniforms = (key: RandomKey): (() => number) => {
  let i = 0;
  return () => uniformAt(key, i++);
};

/** The standard normal numbers of a key, by position (Box and Muller 1958). */
export const normals = (key: RandomKey): ((i: number) => number) => {
  const [radius, angle] = [foldIn(key, 1), foldIn(key, 2)];
  return (i) => Math.sqrt(-2 * Math.log(1 - uniformAt(radius, i))) * Math.cos(2 * Math.PI * uniformAt(angle, i));
};

/** A whole number from a text (FNV-1a): the salt of a layer or a parameter is its name. */
export const saltOf = (text: string): number => {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return h >>> 0;
};

/**
 * The numbers 0..n-1 in random order (Fisher and Yates).
 *
 * @example
 * import { permutation, randomKey } from '@stratus/core';
 * console.log([...permutation(4, randomKey(1))].sort()); // [0, 1, 2, 3]
 */
export function permutation(n: number, key: RandomKey): Uint32Array {
  const order = new Uint32Array(n);
  for (let i = 0; i < n; i++) order[i] = i; // several times as fast as Uint32Array.from
  for (let i = n - 1; i > 0; i--) {
    const j = Math.floor((bitsAt(key, i) / 2 ** 32) * (i + 1));
    const t = order[i]!;
    order[i] = order[j]!;
    order[j] = t;
  }
  return order;
}
