import { type InputStatistics, sha256 } from '../artifact/index.ts';
import { nextTurn } from '../runtime/index.ts';
import { bytesOf, copyRows, fromFloat16, type Tensor, type TypedArray } from '../tensor/index.ts';
import type { Columns } from './source.ts';
import { batchBuffer } from './values.ts';

/** What is known about the data of a training once the data is gone. */
export interface DataDescription {
  readonly samples: number;
  /** Statistics of each input, for drift. */
  readonly baseline: Readonly<Record<string, InputStatistics>>;
  readonly fingerprint: string;
  /** The inputs of the first sample, for a smoke test. */
  readonly sample: Readonly<Record<string, Tensor>>;
}

/** So many samples and so many numbers of each column are looked at, at most: enough for statistics, and quick on any data. */
const looks = { samples: 4096, elements: 2 ** 21 } as const;

/** What the artifact says about the training data: statistics, a fingerprint, one sample. */
export async function describeData({ samples, entries }: Columns): Promise<DataDescription> {
  const baseline: Record<string, InputStatistics> = {};
  const sample: Record<string, Tensor> = {};
  const pieces: Uint8Array[] = [];
  for (const { feed, slot, column } of entries) {
    const count = Math.max(
      1,
      Math.min(samples, looks.samples, Math.floor((looks.elements * samples) / Math.max(1, column.size))),
    );
    const rows = Array.from({ length: count }, (_, i) =>
      column.rows(Math.floor((i * samples) / count), Math.floor((i * samples) / count) + 1),
    );
    pieces.push(new TextEncoder().encode(`${slot.role} ${slot.name} ${column.dtype} ${column.shape.join(',')};`));
    if (column.dtype === 'string') pieces.push(new TextEncoder().encode(JSON.stringify(rows.map(({ data }) => data))));
    else {
      pieces.push(...rows.map(bytesOf));
      const found = slot.role === 'input' ? await statistics(rows) : undefined;
      if (found) baseline[slot.name] = found;
    }
    if (slot.role === 'input') {
      sample[feed] = batchBuffer(slot, column.shape.slice(1), 1);
      copyRows(column, sample[feed], { start: 0, count: 1 });
    }
  }
  return { samples, baseline, fingerprint: `sha256:${await sha256(joined(pieces))}`, sample };
}

/** So many numbers are looked at between two turns of the event loop: about 5 ms. */
const oneLook = 2 ** 18;

/** Of the numbers that are finite; undefined when there are none. */
async function statistics(rows: readonly Tensor[]): Promise<InputStatistics | undefined> {
  let [count, mean, squares] = [0, 0, 0];
  let [minimum, maximum] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  let looked = 0;
  for (const { dtype, data } of rows) {
    if ((looked += data.length) > oneLook) {
      await nextTurn();
      looked = data.length;
    }
    const half = dtype === 'float16';
    for (let i = 0; i < data.length; i++) {
      const own = Number((data as TypedArray)[i]);
      const x = half ? fromFloat16(own) : own;
      if (!Number.isFinite(x)) continue;
      const delta = x - mean; // Welford 1962
      mean += delta / ++count;
      squares += delta * (x - mean);
      if (x < minimum) minimum = x;
      if (x > maximum) maximum = x;
    }
  }
  return count === 0 ? undefined : { count, mean, standardDeviation: Math.sqrt(squares / count), minimum, maximum };
}

const joined = (pieces: readonly Uint8Array[]): Uint8Array => {
  const all = new Uint8Array(pieces.reduce((n, piece) => n + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
};
