import { fail } from '../errors.ts';
import { copyRows, foldIn, isTensor, permutation, type RandomKey, type Tensor, tensor } from '../tensor/index.ts';
import { batchBuffer, columnsFor, type Slot, type TensorLike, type TensorSet } from './values.ts';

/** What one step is fed: buffers that are used again for the next batch, or parts of the caller's data. To be read only. */
export interface Batch {
  readonly feeds: Record<string, Tensor>;
  readonly size: number;
  /** True when sample weights are among the feeds. */
  readonly weighted: boolean;
}

/** Data as the training loop sees it. */
export interface Source {
  /** Batches of an epoch; undefined for a stream of unknown length. */
  readonly steps: number | undefined;
  readonly samples: number | undefined;
  /** Another order in each epoch; undefined for a stream. */
  readonly shuffled: boolean | undefined;
  /** True where as many batches as steps are one run stay as they are while the next ones are asked for. */
  readonly lasting: boolean;
  /** The batches of one epoch, from position `from` on. The same epoch gives the same batches again. */
  batches(epoch: number, from?: number, signal?: AbortSignal): AsyncIterable<Batch> | Iterable<Batch>;
}

/** Arrays in memory: their batches need no waiting. */
export interface ArraySource extends Source {
  batches(epoch: number, from?: number): Iterable<Batch>;
}

/** One batch of a stream: what an iterable given to fit yields. */
export interface StreamBatch {
  readonly x: TensorSet;
  readonly y?: TensorSet;
  readonly sampleWeight?: TensorLike;
}

/** Batches that can be read from anywhere in any epoch: what a `Dataset` of batches is. */
interface Passes extends AsyncIterable<StreamBatch> {
  /** Batches of an epoch, if known. */
  readonly length: number | undefined;
  pass(position: {
    readonly epoch: number;
    readonly index: number;
    readonly signal?: AbortSignal | undefined;
  }): AsyncIterableIterator<StreamBatch>;
}

/** Batches that somebody else puts together: a `Dataset` of them, or anything that is iterated once for each epoch. */
export type Stream = AsyncIterable<StreamBatch> | Iterable<StreamBatch>;

/** True for a `Dataset`. */
export const hasPasses = (x: unknown): x is Passes =>
  typeof x === 'object' && x !== null && 'pass' in x && typeof x.pass === 'function';

/** What a data set has to give here. Errors: `bad-value` for records that are no batches, or whose fields have other names. */
function checkBatch(what: string, batch: unknown): StreamBatch {
  const isSet = (x: unknown): boolean =>
    isTensor(x) || (typeof x === 'object' && x !== null && !Array.isArray(x) && Object.values(x).every(isTensor));
  const record = typeof batch === 'object' && batch !== null && !isTensor(batch) ? (batch as Record<string, unknown>) : undefined;
  if (!record || record['x'] === undefined)
    throw fail('bad-value', {
      what,
      got: record ? `a data set of records with ${Object.keys(record).join(', ')}` : `a data set of what is no record`,
      want: 'batches of inputs and targets: { x, y }',
      fix: 'data.batch(32).map(({ image, label }) => ({ x: image, y: label })).',
    });
  if (!isSet(record['x']))
    throw fail('bad-value', { what, got: 'a data set of single records', want: 'batches', fix: 'data.batch(32).' });
  return batch as StreamBatch;
}

/** How much each class counts in the loss: by label. */
export type ClassWeight = Readonly<Record<number, number>>;

/** What the slots of a model are fed under. */
export interface Slots {
  readonly inputs: readonly Slot[];
  readonly targets: readonly Slot[];
}

/** Feed names of training graphs. No input of a model has a name that begins with @. */
export const targetFeed = (output: string): string => `@target/${output}`;
export const weightFeed = '@sample_weight';

const weightSlot: Slot = { name: weightFeed, role: 'sample weight', dtype: 'float32', shape: ['batch'] };

/** How much samples count. */
export interface Weighting {
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
export function arrayColumns(slots: Slots, x: TensorSet, y: TensorSet | undefined, weighting: Weighting = {}): Columns {
  const inputs = columnsFor(slots.inputs, x);
  const entries = slots.inputs.map((slot) => ({ feed: slot.name, slot, column: inputs[slot.name]! }));
  if (slots.targets.length > 0) {
    const targets = columnsFor(slots.targets, y);
    entries.push(...slots.targets.map((slot) => ({ feed: targetFeed(slot.name), slot, column: targets[slot.name]! })));
  }
  const weight = weights(slots, entries, weighting);
  if (weight) entries.push({ feed: weightFeed, slot: weightSlot, column: weight });
  const samples = entries[0]!.column.shape[0]!;
  for (const { column, slot } of entries)
    if (column.shape[0] !== samples)
      throw fail('shape-mismatch', {
        what: slot.role,
        at: slot.name,
        got: `${column.shape[0]} samples`,
        want: `${samples}, as in the inputs`,
        fix: 'Check how x and y were cut.',
      });
  return { samples, entries, weighted: weight !== undefined };
}

/** Sample weights times class weights. */
function weights(slots: Slots, entries: Columns['entries'], { sampleWeight, classWeight }: Weighting): Tensor | undefined {
  const given = sampleWeight === undefined ? undefined : columnsFor([weightSlot], sampleWeight)[weightFeed]!;
  if (!classWeight) return given;
  const wrong = (got: string, want: string) =>
    fail('bad-value', { what: 'classWeight', got, want, fix: 'Use sampleWeight for anything else.' });
  const target = slots.targets.length === 1 ? entries.find(({ slot }) => slot.role === 'target') : undefined;
  if (!target) throw wrong(`${slots.targets.length} outputs`, 'a model with one');
  const classOf = classReader(target.slot, target.column);
  if (!classOf) throw wrong(`targets ${target.slot.shape.join(' x ')}`, 'one class for each sample: a number, or one-hot');
  for (const [label, weight] of Object.entries(classWeight)) {
    const known = Number.isInteger(Number(label)) && Number(label) >= 0 && Number(label) < classOf.classes;
    if (!known) throw wrong(`a weight for the class ${label}`, `classes from 0 to ${classOf.classes - 1}`);
    if (!Number.isFinite(weight) || weight < 0)
      throw wrong(`the weight ${weight} for the class ${label}`, 'a finite number of at least 0');
  }
  const count = target.column.shape[0]!;
  if (given && given.size !== count) return given; // the caller says which lengths differ
  return tensor(
    Float32Array.from({ length: count }, (_, i) => {
      const label = classOf.at(i);
      if (label !== target.slot.ignored && (!Number.isInteger(label) || label < 0))
        throw wrong(`the target ${label} of sample ${i}`, 'classes: whole numbers from 0');
      return (classWeight[label] ?? 1) * (given ? Number(given.data[i]) : 1);
    }),
  );
}

/** Reads the class of each sample: its label, its 0 or 1, or the place of the largest of its numbers. As Keras does. */
function classReader(
  { classes }: Slot,
  { shape, data }: Tensor,
): { readonly classes: number; at(i: number): number } | undefined {
  const width = shape.slice(1).reduce((n, d) => n * d, 1);
  if (width === 1) return { classes: classes ?? Number.POSITIVE_INFINITY, at: (i) => Number(data[i]) };
  if (shape.length !== 2 || classes !== undefined) return undefined;
  const largest = (i: number): number => {
    let best = 0;
    for (let c = 1; c < width; c++) if (Number(data[i * width + c]) > Number(data[i * width + best])) best = c;
    return best;
  };
  return { classes: width, at: largest };
}

/** How arrays are cut into batches. */
export interface BatchOptions {
  /** Who asks, for errors. */
  readonly what: string;
  readonly batchSize: number;
  /** Shuffles with this key, another order each epoch; in order without. */
  readonly shuffle?: RandomKey | undefined;
  /** So many batches have to stay as they are at a time; 1 unless told. */
  readonly together?: number;
}

/** Batches of arrays in memory. Buffers of full batches are used again; a smaller last batch has its own. */
export function arraySource(columns: Columns, { what, batchSize, shuffle, together = 1 }: BatchOptions): ArraySource {
  const { samples, entries, weighted } = columns;
  if (!Number.isInteger(batchSize) || batchSize < 1)
    throw fail('bad-value', { what, got: `batchSize ${batchSize}`, want: 'a positive whole number' });
  if (samples === 0) throw fail('bad-value', { what, got: 'no samples', want: 'at least one' });
  const steps = Math.ceil(samples / batchSize);
  return {
    steps,
    samples,
    shuffled: shuffle !== undefined,
    lasting: true,
    *batches(epoch, from = 0) {
      const order = shuffle && permutation(samples, foldIn(shuffle, epoch));
      // In order and of the right dtype, a batch is a part of the data itself; the rest is put together in buffers.
      const direct = entries.filter(({ column, slot }) => !order && column.dtype === slot.dtype);
      const gathered = entries.filter((entry) => !direct.includes(entry));
      const turns: { readonly size: number; readonly feeds: Record<string, Tensor> }[] = [];
      for (let step = from; step < steps; step++) {
        const start = step * batchSize;
        const size = Math.min(batchSize, samples - start);
        let buffers = turns[step % together];
        if (buffers?.size !== size)
          buffers = turns[step % together] = {
            size,
            feeds: Object.fromEntries(
              gathered.map(({ feed, slot, column }) => [feed, batchBuffer(slot, column.shape.slice(1), size)]),
            ),
          };
        for (const { feed, column } of gathered) copyRows(column, buffers.feeds[feed]!, { order, start, count: size });
        const feeds = { ...buffers.feeds };
        for (const { feed, column } of direct) feeds[feed] = column.rows(start, start + size);
        yield { feeds, size, weighted };
      }
    },
  };
}

/** All samples as one batch. */
export function wholeBatch(columns: Columns, what: string): Batch {
  const [batch] = arraySource(columns, { what, batchSize: Math.max(1, columns.samples) }).batches(0);
  return batch!;
}

/** Batches of a stream. What is no `Dataset` must give the same batches each time it is iterated, for a resumed run to equal one that was not stopped. */
export function streamSource(
  slots: Slots,
  stream: Stream,
  { what, classWeight }: { readonly what: string; readonly classWeight?: ClassWeight | undefined },
): Source {
  const whole = ({ x, y, sampleWeight }: StreamBatch): Batch =>
    wholeBatch(arrayColumns(slots, x, y, { sampleWeight, classWeight }), what);
  if (hasPasses(stream))
    return {
      steps: stream.length,
      samples: undefined,
      shuffled: undefined,
      lasting: true,
      async *batches(epoch, from = 0, signal) {
        for await (const batch of oneAhead(stream.pass({ epoch, index: from, signal }))) yield whole(checkBatch(what, batch));
      },
    };
  return {
    steps: undefined,
    samples: undefined,
    shuffled: undefined,
    lasting: false,
    async *batches(_epoch, from = 0) {
      let position = 0;
      for await (const batch of stream) if (position++ >= from) yield whole(batch);
    },
  };
}

/** Asks for the next batch before the last one is worked on: it is made while the engine runs. */
async function* oneAhead<T>(batches: AsyncIterableIterator<T>): AsyncGenerator<T> {
  let next = batches.next();
  try {
    for (;;) {
      const { done, value } = await next;
      if (done) return;
      next = batches.next();
      next.catch(() => undefined); // whoever waits for it is told
      yield value;
    }
  } finally {
    await next.catch(() => undefined);
    await batches.return?.();
  }
}

/** True for what fit takes as a stream of batches. */
export const isStream = (x: unknown): x is Stream =>
  typeof x === 'object' &&
  x !== null &&
  !Array.isArray(x) &&
  !isTensor(x) &&
  !ArrayBuffer.isView(x) &&
  (Symbol.asyncIterator in x || Symbol.iterator in x);
