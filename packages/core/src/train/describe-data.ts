import { type InputStatistics, sha256 } from '../artifact/index.ts';
import { nextTurn } from '../runtime/index.ts';
import { bytesOf, copyRows, type Tensor } from '../tensor/index.ts';
import { InputLooks, looks } from './input-statistics.ts';
import type { Columns } from './source.ts';
import { batchBuffer } from './values.ts';

/** What is known about the data of a training once the data is gone. */
export interface DataDescription {
  /** Undefined for a stream of which no whole epoch was seen. */
  readonly samples: number | undefined;
  /** Statistics of each input, for drift. */
  readonly baseline: Readonly<Record<string, InputStatistics>>;
  /** Undefined for a stream: the same records come in many orders. */
  readonly fingerprint: string | undefined;
  /** The inputs of the first sample, for a smoke test. */
  readonly sample: Readonly<Record<string, Tensor>>;
}

/** So many numbers are looked at between two turns of the event loop: about 5 ms. */
const oneLook = 2 ** 18;

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
    else pieces.push(...rows.map(bytesOf));
    if (slot.role !== 'input') continue;
    const found = await statistics(rows);
    if (found) baseline[slot.name] = found;
    sample[feed] = batchBuffer(slot, column.shape.slice(1), 1);
    copyRows(column, sample[feed], { start: 0, count: 1 });
  }
  return { samples, baseline, fingerprint: `sha256:${await sha256(joined(pieces))}`, sample };
}

async function statistics(rows: readonly Tensor[]): Promise<InputStatistics | undefined> {
  const size = rows[0]?.size ?? 0;
  const found = new InputLooks(rows.length * size);
  let looked = 0;
  for (const row of rows) {
    if ((looked += size) > oneLook) {
      await nextTurn();
      looked = size;
    }
    found.add(row);
  }
  return found.statistics();
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
