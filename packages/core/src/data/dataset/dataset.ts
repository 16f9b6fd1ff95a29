import { fail } from '../../errors.ts';
import { checkOptions, refuseUnknown } from '../../options.ts';
import { isTensor, randomKey, type Tensor } from '../../tensor/index.ts';
import { type AnyTable, type Columns, isTable, type RecordOf, type Table, table } from '../table.ts';
import { balanceStage } from './balance.ts';
import { type BatchOptions, batchStage } from './batch.ts';
import { type BucketOptions, bucketStage } from './bucket-by-length.ts';
import { type CacheStore, memoryCacheStage, storedCacheStage } from './cache.ts';
import type { Chunk } from './chunk.ts';
import type { Batched } from './collate.ts';
import { concatStage } from './concat.ts';
import { filterStage } from './filter.ts';
import { groupStage } from './group.ts';
import { type MapFunction, type MapOptions, mapStage } from './map.ts';
import { prefetchStage } from './prefetch.ts';
import { type Position, Reading } from './reading.ts';
import { repeatStage } from './repeat.ts';
import { shardStage } from './shard.ts';
import { bufferedShuffleStage, shuffleStage } from './shuffle.ts';
import { skipStage } from './skip.ts';
import { inMemory, isReadable, iterated, type Readable, reopened } from './source.ts';
import { partStage } from './split.ts';
import type { Pass, Stage } from './stage.ts';
import { takeStage } from './take.ts';
import { merged, zipStage } from './zip.ts';

/** Options of `Dataset.split`. */
export interface SplitOptions<R> {
  /** The order in which records are dealt out; 0 unless told. */
  readonly seed?: number | undefined;
  /** The field, or a function, whose values have the same shares in all parts. */
  readonly stratify?: (keyof R & string) | ((record: R) => unknown) | undefined;
}

/** Options of `Dataset.balance`. */
export interface BalanceOptions<R> {
  /** The field, or a function, that says which class a record is of. */
  readonly by: (keyof R & string) | ((record: R) => unknown);
  /** 'over' (unless told) repeats records of rare classes, 'under' leaves out records of frequent ones. */
  readonly mode?: 'over' | 'under' | undefined;
  readonly seed?: number | undefined;
}

/** How many records a data set without random access shuffles among, unless told. */
const usualBuffer = 10_000;

const count = (what: string, name: string, value: number): void => checkOptions(what, { [name]: value }, { [name]: 'count' });
const whole = (what: string, name: string, value: number): void =>
  checkOptions(what, { [name]: value }, { [name]: 'wholeNumber' });

/** A field by its name, or what a function says of a record. */
const reader = <R>(by: (keyof R & string) | ((record: R) => unknown)): ((record: R) => unknown) =>
  typeof by === 'function' ? by : (record) => (record as Readonly<Record<string, unknown>>)[by];

/**
 * A stream of records that can be read again and again, a step at a time: nothing is read before somebody asks for a record, and memory
 * stays bounded however much data there is. Made by {@link dataset}; every method gives another data set.
 *
 * What is random (`shuffle`, keys in `map`, `balance`) follows from seed and epoch: the same epoch gives the same records in the same order, and a
 * reading that was stopped goes on exactly where it was.
 *
 * @example
 * import { dataset } from '@stratus/core';
 * const numbers = dataset([1, 2, 3, 4, 5, 6]);
 * const batches = numbers.filter((n) => n !== 3).map((n) => ({ x: n / 10, even: n % 2 === 0 })).shuffle(1).batch(2);
 * for await (const { x, even } of batches) console.log(x.shape, even.dtype); // [2] bool
 */
export class Dataset<R> implements AsyncIterable<R> {
  readonly #stage: Stage<R>;

  /** @internal */
  constructor(stage: Stage<R>) {
    this.#stage = stage;
  }

  /** How many records a pass gives; undefined where only reading tells. */
  get length(): number | undefined {
    return this.#stage.length;
  }

  /** Reads once, from the beginning or from a position that an earlier reading told. Errors: `aborted`, and those of the source. */
  pass({ signal, ...position }: Position & { readonly signal?: AbortSignal | undefined } = {}): Reading<R> {
    const { epoch = 0, index = 0, ...rest } = position;
    refuseUnknown('pass', rest, ['epoch', 'index', 'signal']);
    checkOptions('pass', { epoch, index }, { epoch: 'wholeNumber', index: 'wholeNumber' });
    return new Reading(this.#stage, { epoch, index }, signal);
  }

  /** The records as they come, some at a time: a table stays a table. Errors: `aborted`, and those of the source. */
  chunks(pass: Partial<Pass> = {}): AsyncIterable<Chunk<R>> {
    return this.#stage.chunks({ epoch: 0, skip: 0, ...pass });
  }

  /** @internal Every `size` records as what `make` makes of their parts. */
  group<S>(size: number, make: (parts: readonly Chunk<R>[], from: number, pass: Pass) => S | Promise<S>): Dataset<S> {
    return new Dataset(groupStage(this.#stage, size, { dropRemainder: false, make }) as Stage<S>);
  }

  [Symbol.asyncIterator](): Reading<R> {
    return this.pass();
  }

  /** All records of a pass in a list. */
  async toArray(position: Position & { readonly signal?: AbortSignal | undefined } = {}): Promise<R[]> {
    const all: R[] = [];
    for await (const record of this.pass(position)) all.push(record);
    return all;
  }

  /**
   * Another record for each; the function may be asynchronous, and then `parallel` results are waited for at a time, in order. It is given the
   * record's number (after `shuffle`, that which it had before) and a key for random numbers: `uniforms(key)`.
   */
  map<S>(fn: MapFunction<R, S>, { parallel = 8, seed = 0, ...rest }: MapOptions = {}): Dataset<S> {
    refuseUnknown('map', rest, ['parallel', 'seed']);
    checkOptions('map', { parallel, seed }, { parallel: 'count', seed: 'wholeNumber' });
    return new Dataset(mapStage(this.#stage, fn, { parallel, key: randomKey(seed) }));
  }

  /** Only the records for which the test holds. */
  filter<S extends R>(test: (record: R, index: number) => record is S): Dataset<S>;
  filter(test: (record: R, index: number) => boolean | Promise<boolean>): Dataset<R>;
  filter(test: (record: R, index: number) => boolean | Promise<boolean>): Dataset<R> {
    return new Dataset(filterStage(this.#stage, test));
  }

  /**
   * Another order in each epoch. Of records that are in memory (also with `map`, `filter`, `take`, `split` between) every order is possible, unless a `buffer` is
   * given. In a stream each record is drawn from the next `buffer` ones, 10,000 unless told: give about as many as memory has room for.
   */
  shuffle(seed: number, buffer?: number): Dataset<R> {
    whole('shuffle', 'seed', seed);
    if (buffer !== undefined) count('shuffle', 'buffer', buffer);
    const { length, pick, places = length } = this.#stage;
    const anywhere = pick !== undefined && places !== undefined && buffer === undefined;
    return new Dataset(
      anywhere
        ? shuffleStage(this.#stage, randomKey(seed))
        : bufferedShuffleStage(this.#stage, randomKey(seed), buffer ?? usualBuffer),
    );
  }

  /**
   * So many records as one: each field a tensor with one row a record, the last batch with what is left. Lists of unequal length need
   * `padding`. Errors: `shape-mismatch`, `bad-value`, naming field and record.
   */
  batch(size: number, options: BatchOptions = {}): Dataset<Batched<R>> {
    count('batch', 'size', size);
    refuseUnknown('batch', options, ['dropRemainder', 'padding', 'dtypes']);
    return new Dataset(batchStage(this.#stage, size, options) as Stage<Batched<R>>);
  }

  /** Batches of records of similar length, so that little has to be filled up: short records do not wait for long ones. */
  bucketByLength(options: BucketOptions<R>): Dataset<Batched<R>> {
    const { boundaries, batchSize } = options;
    refuseUnknown('bucketByLength', options, ['length', 'boundaries', 'batchSize', 'dropRemainder', 'padding', 'dtypes']);
    const sizes = typeof batchSize === 'number' ? [batchSize] : batchSize;
    for (const size of sizes) count('bucketByLength', 'batchSize', size);
    const rising = boundaries.every((boundary, i) => Number.isFinite(boundary) && (i === 0 || boundary > boundaries[i - 1]!));
    if (!rising || (typeof batchSize !== 'number' && sizes.length !== boundaries.length + 1))
      throw fail('bad-value', {
        what: 'bucketByLength',
        got: `boundaries [${boundaries.join(', ')}] and ${sizes.length} batch sizes`,
        want: 'rising boundaries, and one batch size, or one for each bucket and one for the rest',
      });
    return new Dataset(bucketStage(this.#stage, options) as Stage<Batched<R>>);
  }

  /** Reads up to `ahead` records (batches, after `batch`) while whoever reads is busy; 2 unless told. */
  prefetch(ahead = 2): Dataset<R> {
    count('prefetch', 'ahead', ahead);
    return new Dataset(prefetchStage(this.#stage, ahead));
  }

  /**
   * Keeps all records of the first whole pass, in memory or in a store (`diskCache('folder')`): what comes before is done once, so what was random there stays
   * as it was. A pass that is stopped or fails keeps nothing.
   */
  cache(store?: CacheStore): Dataset<R> {
    return new Dataset(store ? storedCacheStage(this.#stage, store) : memoryCacheStage(this.#stage));
  }

  /** The first `records`, or all if there are fewer. */
  take(records: number): Dataset<R> {
    whole('take', 'count', records);
    return new Dataset(takeStage(this.#stage, records));
  }

  /** All but the first `records`. */
  skip(records: number): Dataset<R> {
    whole('skip', 'count', records);
    return new Dataset(skipStage(this.#stage, records));
  }

  /** Side by side with another, as long as both have records: the fields of both, or what `combine` makes of each pair. */
  zip<S>(other: Dataset<S>): Dataset<R & S>;
  zip<S, T>(other: Dataset<S>, combine: (left: R, right: S) => T): Dataset<T>;
  zip<S>(other: Dataset<S>, combine: (left: R, right: S) => unknown = merged): Dataset<unknown> {
    return new Dataset(zipStage(this.#stage, other.#stage, combine));
  }

  /** This one, then another. */
  concat<S>(other: Dataset<S>): Dataset<R | S> {
    return new Dataset(concatStage<R | S>(this.#stage, other.#stage));
  }

  /** The same so many times, for ever unless told. What is random is drawn anew each time. */
  repeat(times = Number.POSITIVE_INFINITY): Dataset<R> {
    if (times !== Number.POSITIVE_INFINITY) count('repeat', 'times', times);
    return new Dataset(repeatStage(this.#stage, times));
  }

  /** Every `of`-th record, from number `rank` on: what one of so many workers reads. Together they read everything once. */
  shard(rank: number, of: number): Dataset<R> {
    count('shard', 'count', of);
    whole('shard', 'rank', rank);
    if (rank >= of) throw fail('bad-value', { what: 'shard', got: `rank ${rank} of ${of}`, want: `a rank from 0 to ${of - 1}` });
    return new Dataset(shardStage(this.#stage, rank, of));
  }

  /**
   * Parts with no record in common, by their shares: `split([0.8, 0.2])`. Each part is dealt its share of every few records (of each class, with
   * `stratify`), so that a stream need not be read to its end. The parts are the same in every epoch: shuffle after splitting.
   */
  split<const S extends readonly number[]>(
    shares: S,
    { seed = 0, stratify, ...rest }: SplitOptions<R> = {},
  ): { -readonly [I in keyof S]: Dataset<R> } {
    refuseUnknown('split', rest, ['seed', 'stratify']);
    whole('split', 'seed', seed);
    const sum = shares.reduce((a, b) => a + b, 0);
    if (shares.length < 2 || !shares.every((share) => share > 0) || Math.abs(sum - 1) > 1e-9)
      throw fail('bad-value', { what: 'split', got: `shares [${shares.join(', ')}]`, want: 'two or more above 0 that sum to 1' });
    const deal = { shares, key: randomKey(seed), classOf: stratify === undefined ? undefined : reader(stratify) };
    return shares.map((_, part) => new Dataset(partStage(this.#stage, part, deal))) as { -readonly [I in keyof S]: Dataset<R> };
  }

  /** Every class as often as every other, on average; another choice in each epoch. The classes are counted in a pass of their own. */
  balance({ by, mode = 'over', seed = 0, ...rest }: BalanceOptions<R>): Dataset<R> {
    refuseUnknown('balance', rest, ['by', 'mode', 'seed']);
    whole('balance', 'seed', seed);
    if (mode !== 'over' && mode !== 'under')
      throw fail('bad-value', { what: 'balance', got: `mode '${String(mode)}'`, want: "'over' or 'under'" });
    return new Dataset(balanceStage(this.#stage, { classOf: reader(by), key: randomKey(seed), mode }));
  }
}

/** True for a record of tensors: `{ image, label }`. */
const isColumns = (x: unknown): x is Columns =>
  typeof x === 'object' && x !== null && Object.values(x).length > 0 && Object.values(x).every(isTensor);

/**
 * A data set of records: from a list, a table, columns (tensors of equal first size, whose rows are the records), an iterable or async iterable, or
 * a function that opens one, for what can be read only once. A format of your own that can begin anywhere is a `Stage`.
 *
 * Shapes: none. Errors: `bad-value` for anything else; `shape-mismatch` for columns of unequal length.
 * Source: tf.data.Dataset, torch.utils.data.
 *
 * @example
 * import { dataset, tensor } from '@stratus/core';
 * const images = dataset({ image: tensor(new Uint8Array(40), { shape: [10, 4] }), label: tensor(new Int32Array(10)) });
 * const [train, test] = images.split([0.8, 0.2], { seed: 1 });
 * console.log(images.length, (await test.toArray()).length); // 10 2
 * for await (const { image, label } of train.shuffle(1).batch(4)) console.log(image.shape, label.shape); // [4, 4] [4]
 */
export function dataset<C extends Columns, R>(source: Table<C, R>): Dataset<R>;
export function dataset<C extends Readonly<Record<string, Tensor>>>(source: C): Dataset<RecordOf<C>>;
export function dataset<R>(source: readonly R[] | Readable<R> | (() => Readable<R>) | Stage<R>): Dataset<R>;
export function dataset(source: unknown): Dataset<unknown> {
  if (source instanceof Dataset) return source;
  if (Array.isArray(source)) return new Dataset(inMemory(source as readonly unknown[]));
  if (isTable(source)) return new Dataset<unknown>(inMemory(source as AnyTable));
  if (typeof source === 'function') return new Dataset(iterated(source as () => Readable<unknown>));
  if (typeof source === 'object' && source !== null && 'chunks' in source && typeof source.chunks === 'function')
    return new Dataset(source as unknown as Stage<unknown>);
  if (isReadable(source)) return new Dataset(iterated(reopened(source)));
  if (isColumns(source)) return new Dataset<unknown>(inMemory(table(source)));
  throw fail('bad-value', {
    what: 'dataset',
    got: source === null ? 'null' : typeof source,
    want: 'a list, a table, columns of tensors, something that can be iterated, or a function that opens such a thing',
  });
}
