import { sha256, type InputStatistics } from '../artifact/index.ts';
import { bytesOf, type Tensor, type TypedArray } from '../tensor/index.ts';
import type { Columns } from './source.ts';
import { batchBuffer, copyRows, type Slot } from './values.ts';

/** At most so many samples are looked at: enough for statistics, and quick on any data. */
const looks = 4096;

/** What the artifact says about the training data: statistics for drift, a fingerprint, one sample for smoke tests. */
export async function describeData({ samples, entries }: Columns): Promise<{
  readonly baseline: Record<string, InputStatistics>;
  readonly fingerprint: string;
  readonly sample: Record<string, Tensor>;
}> {
  const baseline: Record<string, InputStatistics> = {};
  const sample: Record<string, Tensor> = {};
  const pieces: Uint8Array[] = [];
  const stride = Math.max(1, Math.floor(samples / looks));
  for (const { feed, slot, column } of entries) {
    pieces.push(new TextEncoder().encode(`${slot.role} ${slot.name} ${column.dtype} ${column.shape.join(',')};`));
    if (column.dtype === 'string') {
      pieces.push(new TextEncoder().encode((column.data as string[]).slice(0, looks).join('\n')));
    } else {
      for (let i = 0; i < samples; i += stride) pieces.push(bytesOf(column.rows(i, i + 1)));
      if (slot.role === 'input') baseline[slot.name] = statistics(column, stride);
    }
    if (slot.role === 'input') sample[feed] = firstRow(slot, column);
  }
  return { baseline, fingerprint: `sha256:${await sha256(joined(pieces))}`, sample };
}

function statistics(column: Tensor, stride: number): InputStatistics {
  const width = column.size / column.shape[0]!;
  const data = column.data as TypedArray;
  let [count, mean, squares] = [0, 0, 0];
  let [minimum, maximum] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let row = 0; row < column.shape[0]!; row += stride) {
    for (let i = row * width; i < (row + 1) * width; i++) {
      const x = Number(data[i]);
      const delta = x - mean; // Welford 1962
      mean += delta / ++count;
      squares += delta * (x - mean);
      if (x < minimum) minimum = x;
      if (x > maximum) maximum = x;
    }
  }
  return { count, mean, standardDeviation: Math.sqrt(squares / Math.max(1, count)), minimum, maximum };
}

const firstRow = (slot: Slot, column: Tensor): Tensor => {
  const row = batchBuffer(slot, column.shape.slice(1), 1);
  copyRows(column, undefined, 0, 1, row);
  return row;
};

const joined = (pieces: readonly Uint8Array[]): Uint8Array => {
  const all = new Uint8Array(pieces.reduce((n, piece) => n + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
};
