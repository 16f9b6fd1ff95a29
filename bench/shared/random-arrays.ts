import { Tensor } from '@stratus/core';
import type { Arrays } from './arrays.ts';
import { uniform } from './step-data.ts';

/** Whole numbers from `least` to below `end`, the same in every run. */
const whole = (length: number, least: number, end: number, seed: number): Int32Array => {
  const next = uniform(seed);
  return Int32Array.from({ length }, () => least + Math.floor(next() * (end - least)));
};

/** Square pictures, `x` `[n, size, size, 3]` uint8, and labels `y` from 0 to below `classes`; unless told as CIFAR-10 has them. */
export const pictures = (count: number, { size = 32, classes = 10 } = {}): Arrays => ({
  x: new Tensor('uint8', [count, size, size, 3], Uint8Array.from(whole(count * size * size * 3, 0, 256, 1))),
  y: new Tensor('int32', [count], whole(count, 0, classes, 2)),
});

/** How long random reviews are: as long as `length`, or of any length from a quarter of it on. */
type Lengths = 'full' | 'mixed';

/** Reviews as numbers of words, `x` `[n, length]` from 1 to below `vocabulary`, filled up with 0 at the end; labels `y` 0 or 1. */
export function reviews(
  count: number,
  { length, vocabulary, lengths }: { length: number; vocabulary: number; lengths: Lengths },
): Arrays {
  const words = whole(count * length, 1, vocabulary, 1);
  if (lengths === 'mixed')
    for (const [i, used] of whole(count, length / 4, length + 1, 3).entries()) words.fill(0, i * length + used, (i + 1) * length);
  return { x: new Tensor('int32', [count, length], words), y: new Tensor('int32', [count], whole(count, 0, 2, 2)) };
}

/** Pieces of text and the same moved on by one, `x` and `y` `[n, length]` from 0 to below `vocabulary`. */
export function textPieces(count: number, length: number, vocabulary: number): Arrays {
  const text = whole(count * length + 1, 0, vocabulary, 1);
  return {
    x: new Tensor('int32', [count, length], text.slice(0, -1)),
    y: new Tensor('int32', [count, length], text.slice(1)),
  };
}

/** Texts in which words are to be guessed: `tokens` and `segments` `[n, length]`, and `y`, which is -1 but for every seventh word. */
export function maskedTexts(count: number, length: number, vocabulary: number): Arrays {
  const tokens = whole(count * length, 4, vocabulary, 1);
  const y = tokens.map((token, i) => (i % 7 === 0 ? token : -1));
  return {
    tokens: new Tensor(
      'int32',
      [count, length],
      tokens.map((token, i) => (i % 7 === 0 ? 2 : token)),
    ),
    segments: new Tensor('int32', [count, length], new Int32Array(count * length)),
    y: new Tensor('int32', [count, length], y),
  };
}

/** A graph of the size of Cora: `words` `[1, 2708, 1433]` whose rows sum to 1, `edges` `[1, 2, 10556]` in both directions, labels of 140 nodes. */
export function citations(): Arrays {
  const [nodes, features, pairs, perNode, labelled] = [2708, 1433, 5278, 18, 140];
  const words = new Float32Array(nodes * features);
  const places = whole(nodes * perNode, 0, features, 1);
  for (let i = 0; i < nodes; i++) {
    const own = new Set(places.subarray(i * perNode, (i + 1) * perNode));
    for (const place of own) words[i * features + place] = 1 / own.size;
  }
  const ends = whole(2 * pairs, 0, nodes - 1, 2);
  const known = new Set<string>();
  const edges = new Int32Array(4 * pairs);
  for (let i = 0; i < pairs; i++) {
    const a = ends[2 * i]!;
    let b = ends[2 * i + 1]!;
    // No loops and nothing twice.
    while (b === a || known.has(`${Math.min(a, b)} ${Math.max(a, b)}`)) b = (b + 1) % nodes;
    known.add(`${Math.min(a, b)} ${Math.max(a, b)}`);
    edges[i] = edges[3 * pairs + i] = a;
    edges[2 * pairs + i] = edges[pairs + i] = b;
  }
  const y = whole(nodes, 0, 7, 3).map((label, i) => (i < labelled ? label : -1));
  return {
    words: new Tensor('float32', [1, nodes, features], words),
    citations: new Tensor('int32', [1, 2, 2 * pairs], edges),
    y: new Tensor('int32', [1, nodes], y),
  };
}
