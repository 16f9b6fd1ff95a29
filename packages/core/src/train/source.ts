import { fail } from '../errors.ts';
import { foldIn, isTensor, permutation, tensor, type RandomKey, type Tensor } from '../tensor/index.ts';
import { batchBuffer, columnsFor, copyRows, type Slot, type TensorLike, type TensorSet } from './values.ts';

/** What one step is fed. Buffers are used again for the next batch. */
export interface Batch {
  readonly feeds: Record<string, Tensor>;
  readonly size: number;
}

/** Data as the training loop sees it. */
export interface Source {
  /** Batches of an epoch; undefined for a stream of unknown length. */
  readonly steps: number | undefined;
  readonly samples: number | undefined;
  readonly weighted: boolean;
  /** The batches of one epoch, from position `from` on. The same epoch gives the same batches again. */
  batches(epoch: number, from?: number): AsyncIterable<Batch> | Iterable<Batch>;
}

/** Arrays in memory: their batches need no waiting. */
export interface ArraySource extends Source {
  batches(epoch: number, from?: number): Iterable<Batch>;
}

/** One batch of a stream: what an async iterable given to fit yields. */
export interface StreamBatch {
  readonly x: TensorSet;
  readonly y?: TensorSet;
  readonly sampleWeight?: TensorLike;
}

/** How much each class counts in the loss: by label. */
export type ClassWeight = Readonly<Record<number, number>>;

/** What the slots of a model are fed under. */
export interface Slots {
  readonly inputs: readonly Slot[];
  readonly targets: readonly Slot[];
}

/** Feed names of training graphs. Layer and input names never contain a slash at the first place. */
export const targetFeed = (output: string): string => `@target/${output}`;
export const weightFeed = '@sample_weight';

const weightSlot: Slot = { name: weightFeed, role: 'sample weight', dtype: 'float32', shape: ['batch'] };

/** Options that array data takes. */
export interface ArrayOptions {
  readonly batchSize: number;
  /** Shuffles with this key, another order each epoch; in order without. */
  readonly shuffle?: RandomKey | undefined;
  readonly sampleWeight?: TensorLike | undefined;
  readonly classWeight?: ClassWeight | undefined;
}

/** Columns of a model's data, sorted to feed names. */
export interface Columns {
  readonly samples: number;
  readonly entries: readonly { readonly feed: string; readonly slot: Slot; readonly column: Tensor }[];
  readonly weighted: boolean;
}

/** Checks arrays against the slots of a model and puts them in order. */
export function arrayColumns(slots: Slots, x: TensorSet, y: TensorSet | undefined, options: Pick<ArrayOptions, 'sampleWeight' | 'classWeight'> = {}): Columns {
  const inputs = columnsFor(slots.inputs, x);
  const entries = slots.inputs.map((slot) => ({ feed: slot.name, slot, column: inputs[slot.name]! }));
  if (slots.targets.length > 0) {
    if (y === undefined) throw fail('bad-value', { what: 'fit', got: 'no targets', want: 'fit(x, y) with one target for each output' });
    const targets = columnsFor(slots.targets, y);
    entries.push(...slots.targets.map((slot) => ({ feed: targetFeed(slot.name), slot, column: targets[slot.name]! })));
  }
  const weight = weights(slots, entries, options);
  if (weight) entries.push({ feed: weightFeed, slot: weightSlot, column: weight });
  const samples = entries[0]!.column.shape[0]!;
  for (const { column, slot } of entries)
    if (column.shape[0] !== samples)
      throw fail('shape-mismatch', { what: slot.role, at: slot.name, got: `${column.shape[0]} samples`, want: `${samples}, as in the inputs`, fix: 'Check how x and y were cut.' });
  return { samples, entries, weighted: weight !== undefined };
}

/** Sample weights times class weights. */
function weights(slots: Slots, entries: Columns['entries'], { sampleWeight, classWeight }: Pick<ArrayOptions, 'sampleWeight' | 'classWeight'>): Tensor | undefined {
  const given = sampleWeight === undefined ? undefined : columnsFor([weightSlot], isTensor(sampleWeight) ? sampleWeight : tensor(sampleWeight))[weightFeed]!;
  if (!classWeight) return given;
  const labels = entries.find(({ slot }) => slot.role === 'target' && slot.classes !== undefined)?.column;
  if (!labels || slots.targets.length > 1)
    throw fail('bad-value', { what: 'classWeight', got: 'targets that are not class labels', want: 'one output with whole-number labels', fix: 'Use sampleWeight instead.' });
  const perSample = labels.size / labels.shape[0]!;
  if (perSample !== 1) throw fail('bad-value', { what: 'classWeight', got: `${perSample} labels for each sample`, want: 'one', fix: 'Use sampleWeight instead.' });
  return tensor(Float32Array.from({ length: labels.size }, (_, i) => (classWeight[Number(labels.data[i])] ?? 1) * (given ? Number(given.data[i]) : 1)));
}

/** Batches of arrays in memory. The buffers of full batches are used again; a smaller last batch has its own. */
export function arraySource(columns: Columns, { batchSize, shuffle }: ArrayOptions): ArraySource {
  const { samples, entries, weighted } = columns;
  if (!Number.isInteger(batchSize) || batchSize < 1)
    throw fail('bad-value', { what: 'fit', got: `batchSize ${batchSize}`, want: 'a positive whole number' });
  if (samples === 0) throw fail('bad-value', { what: 'fit', got: 'no samples', want: 'at least one' });
  const steps = Math.ceil(samples / batchSize);
  const buffers = new Map<number, Record<string, Tensor>>();
  const buffersOf = (size: number): Record<string, Tensor> => {
    const known = buffers.get(size);
    if (known) return known;
    const made = Object.fromEntries(entries.map(({ feed, slot, column }) => [feed, batchBuffer(slot, column.shape.slice(1), size)]));
    buffers.set(size, made);
    return made;
  };
  return {
    steps,
    samples,
    weighted,
    *batches(epoch, from = 0) {
      const order = shuffle && permutation(samples, foldIn(shuffle, epoch));
      for (let step = from; step < steps; step++) {
        const start = step * batchSize;
        const size = Math.min(batchSize, samples - start);
        const feeds = buffersOf(size);
        for (const { feed, column } of entries) copyRows(column, order, start, size, feeds[feed]!);
        yield { feeds, size };
      }
    },
  };
}

/** Batches that somebody else puts together. It must give the same batches each time it is iterated, to be resumed. */
export function streamSource(slots: Slots, stream: AsyncIterable<StreamBatch> | Iterable<StreamBatch>, weighted: boolean, classWeight?: ClassWeight): Source {
  return {
    steps: undefined,
    samples: undefined,
    weighted,
    async *batches(_epoch, from = 0) {
      let position = 0;
      for await (const { x, y, sampleWeight } of stream) {
        if (position++ < from) continue;
        const columns = arrayColumns(slots, x, y, { sampleWeight, classWeight });
        const [batch] = arraySource(columns, { batchSize: Math.max(1, columns.samples) }).batches(0);
        if (weighted !== columns.weighted)
          throw fail('bad-value', { what: 'fit', got: 'batches with and without sampleWeight', want: 'all or none' });
        yield batch!;
      }
    },
  };
}

/** True for what fit takes as a stream of batches. */
export const isStream = (x: unknown): x is AsyncIterable<StreamBatch> | Iterable<StreamBatch> =>
  typeof x === 'object' && x !== null && !Array.isArray(x) && !isTensor(x) && !ArrayBuffer.isView(x) && (Symbol.asyncIterator in x || Symbol.iterator in x);
