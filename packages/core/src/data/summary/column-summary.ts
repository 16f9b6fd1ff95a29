import { fail } from '../../errors.ts';
import { checkOptions, refuseUnknown } from '../../options.ts';
import { fromFloat16, isTensor, type Tensor } from '../../tensor/index.ts';
import { Counter } from './counter.ts';
import { type ColumnSummaryJson, fromJson, toJson } from './json.ts';
import { Numbers } from './numbers.ts';

/** What the values of a column are: one kind, several (`mixed`), or nothing but missing ones (`empty`). */
export type ColumnKind = 'number' | 'text' | 'boolean' | 'date' | 'mixed' | 'empty';

/** Options of {@link columnSummary}. */
export interface ColumnSummaryOptions {
  /** So many different values are counted exactly; if there are more, the frequent ones. 1000 unless told. */
  readonly topCategories?: number | undefined;
  /** Quantiles are off by less than this share of all values, once there are more than 4096; 0.01 unless told. */
  readonly quantileAccuracy?: number | undefined;
}

/** A value and how often it was seen. */
export interface TopValue {
  readonly value: number | string | boolean | Date;
  readonly count: number;
  /** True where there were too many different values to count all: the real count may be larger. */
  readonly approximate?: true | undefined;
}

/** The kinds that are numbers inside: what they are, and what a number stands for. */
const numeric = {
  number: (x: number) => x,
  boolean: (x: number) => x === 1,
  date: (x: number) => new Date(x),
} as const;
type Numeric = keyof typeof numeric;

/** Texts of more characters are told apart by their beginning and a hash. */
const longText = 256;

/** Engines keep a piece of a text as a view of it, so that the whole would stay: this is a copy. */
const copyOf = (text: string): string => (text.length < 13 ? text : ` ${text}`.slice(1));

function keyOf(text: string): string {
  if (text.length <= longText) return text;
  let hash = 0x811c9dc5; // FNV-1a
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return `${text.slice(0, longText)}… (${text.length} characters, ${(hash >>> 0).toString(16)})`;
}

/**
 * What one reading of a column tells, in memory that does not grow with it. Made by {@link columnSummary}.
 *
 * `null`, `undefined`, NaN and invalid dates are missing; an empty text is not. Infinite numbers are counted, and left out of moments and quantiles. In a
 * column of several kinds these are of its numbers.
 *
 * @example
 * import { ColumnSummary, columnSummary } from '@stratus/core';
 * const left = columnSummary().addAll(Float64Array.of(1, 2, 3));
 * const right = ColumnSummary.fromJSON(JSON.stringify(columnSummary().addAll([4, Number.NaN])));
 * const both = left.merge(right);
 * console.log(both.count, both.missing, both.mean, both.quantile(0.5)); // 4 1 2.5 2.5
 */
export class ColumnSummary {
  readonly #options: { readonly tracked: number; readonly compression: number };
  readonly #numbers = new Map<Numeric, Numbers>();
  readonly #texts: Counter<string>;
  #textCount = 0;
  #missing = 0;
  #infinite = [0, 0] as [negative: number, positive: number];

  /** @internal */
  constructor({ topCategories = 1000, quantileAccuracy = 0.01, ...rest }: ColumnSummaryOptions = {}, json?: ColumnSummaryJson) {
    refuseUnknown('columnSummary', rest, ['topCategories', 'quantileAccuracy']);
    checkOptions('columnSummary', { topCategories, quantileAccuracy }, { topCategories: 'count', quantileAccuracy: 'positive' });
    // One centroid spans at most π/compression of all values, and merged ones overlap.
    const compression = Math.min(10_000, Math.max(20, Math.ceil(4 / quantileAccuracy)));
    this.#options = { tracked: topCategories, compression };
    this.#texts = new Counter(topCategories);
    if (!json) return;
    const state = fromJson(json);
    this.#missing = state.missing;
    this.#infinite = [...state.infinite];
    for (const [kind, numbers] of Object.entries(state.numbers))
      this.#numbers.set(kind as Numeric, new Numbers({ ...this.#options, state: numbers }));
    this.#texts = new Counter(topCategories, state.texts);
    this.#textCount = state.textCount;
  }

  #part(kind: Numeric): Numbers {
    const known = this.#numbers.get(kind);
    if (known) return known;
    const made = new Numbers(this.#options);
    this.#numbers.set(kind, made);
    return made;
  }

  /** Takes in a value; of a tensor or a list, each element. Errors: `bad-value` for anything that is no number, text, boolean or date. */
  add(value: unknown): this {
    if (typeof value === 'number') this.#number(value);
    else if (typeof value === 'string') this.#text(value);
    else if (value === null || value === undefined) this.#missing++;
    else if (typeof value === 'boolean') this.#part('boolean').add(Number(value));
    else if (typeof value === 'bigint') this.#number(Number(value));
    else if (value instanceof Date) this.#date(value.getTime());
    else if (isTensor(value)) this.#tensor(value);
    else if (Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView)))
      this.addAll(value as unknown as ArrayLike<unknown>);
    else
      throw fail('bad-value', {
        what: 'columnSummary',
        got: typeof value === 'object' ? 'an object' : `a ${typeof value}`,
        want: 'a number, a text, a boolean, a date, a tensor, or nothing',
      });
    return this;
  }

  /** Takes in many values; typed arrays of numbers are the quickest. Errors: `bad-value`. */
  addAll(values: ArrayLike<unknown>): this {
    if (ArrayBuffer.isView(values) && !(values instanceof BigInt64Array) && !(values instanceof BigUint64Array)) {
      const numbers = values as unknown as ArrayLike<number>;
      if (numbers.length === 0) return this;
      const part = this.#part('number');
      for (let at = 0; (at = part.addFinite(numbers, at)) < numbers.length; at++) this.#number(numbers[at]!);
    } else {
      for (let i = 0; i < values.length; i++) this.add(values[i]);
    }
    return this;
  }

  #number(x: number): void {
    if (Number.isFinite(x)) this.#part('number').add(x);
    else if (Number.isNaN(x)) this.#missing++;
    else this.#infinite[x > 0 ? 1 : 0]++;
  }

  #date(time: number): void {
    if (Number.isNaN(time)) this.#missing++;
    else this.#part('date').add(time);
  }

  #text(text: string): void {
    this.#textCount++;
    this.#texts.add(keyOf(text), 1, copyOf);
  }

  #tensor({ dtype, data }: Tensor): void {
    if (dtype === 'bool') for (const x of data as Uint8Array) this.#part('boolean').add(x === 0 ? 0 : 1);
    else if (dtype === 'float16') this.addAll(Float32Array.from(data as Uint16Array, fromFloat16));
    else this.addAll(data);
  }

  /** How many values there are, without missing ones. */
  get count(): number {
    let count = this.#textCount + this.infinite;
    for (const part of this.#numbers.values()) count += part.moments.count;
    return count;
  }

  /** How many values are missing. */
  get missing(): number {
    return this.#missing;
  }

  /** How many numbers are infinite. */
  get infinite(): number {
    return this.#infinite[0] + this.#infinite[1];
  }

  /** What the values are. */
  get kind(): ColumnKind {
    const kinds: ColumnKind[] = [...this.#numbers].filter(([, part]) => part.moments.count > 0).map(([kind]) => kind);
    if (this.infinite > 0 && !kinds.includes('number')) kinds.push('number');
    if (this.#textCount > 0) kinds.push('text');
    return kinds.length > 1 ? 'mixed' : (kinds[0] ?? 'empty');
  }

  /** The numbers that moments and quantiles are of. */
  get #main(): Numbers | undefined {
    const { kind } = this;
    return this.#numbers.get(kind === 'mixed' ? 'number' : (kind as Numeric));
  }

  #moment(of: (moments: Numbers['moments']) => number): number {
    const moments = this.#main?.moments;
    return moments && moments.count > 0 ? of(moments) : Number.NaN;
  }

  /** Of numbers; of dates in milliseconds since 1970, of booleans with true as 1. NaN where there are none. */
  get mean(): number {
    return this.#moment(({ mean }) => mean);
  }

  /** Of the values that are there, not of what they may be a sample of: divided by their number. */
  get variance(): number {
    return this.#moment(({ squares, count }) => squares / count);
  }

  get standardDeviation(): number {
    return Math.sqrt(this.variance);
  }

  get minimum(): number {
    return this.#moment(({ minimum }) => minimum);
  }

  get maximum(): number {
    return this.#moment(({ maximum }) => maximum);
  }

  /** True when all numbers are whole. */
  get integers(): boolean {
    return this.infinite === 0 && this.#moment(({ integers }) => Number(integers)) === 1;
  }

  /**
   * The number below which this share of the numbers lies: between two numbers on a line, as numpy's. Exact up to 4096 numbers, or as long as
   * there are few different ones; then within the accuracy. NaN where there are none. Errors: `bad-value`.
   */
  quantile(q: number): number {
    checkOptions('quantile', { q }, { q: 'share' });
    return this.#main?.quantile(q) ?? Number.NaN;
  }

  /** Whether quantiles are exact. */
  get quantilesAreExact(): boolean {
    return this.#main?.exact ?? true;
  }

  /** How many different values there are; at least so many, unless `distinctIsExact`. */
  get distinct(): number {
    let distinct = this.#texts.distinct + this.#infinite.filter((n) => n > 0).length;
    for (const part of this.#numbers.values()) distinct += part.counter.distinct;
    return distinct;
  }

  get distinctIsExact(): boolean {
    return this.#texts.distinctIsExact && [...this.#numbers.values()].every((part) => part.counter.distinctIsExact);
  }

  /**
   * The most frequent values, of equally frequent ones those first that were seen first. Counts are exact while no more values differ than
   * `topCategories`. Texts of more than 256 characters are shown by their beginning. Errors: `bad-value`.
   */
  top(n = 20): TopValue[] {
    checkOptions('top', { n }, { n: 'wholeNumber' });
    const all: TopValue[] = [];
    for (const [kind, part] of this.#numbers) all.push(...listed(part.counter, numeric[kind]));
    this.#infinite.forEach((count, i) => {
      if (count > 0) all.push({ value: i === 0 ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY, count });
    });
    all.push(...listed(this.#texts, (text) => text));
    return all.sort((a, b) => b.count - a.count).slice(0, n);
  }

  /** Takes in what another summary has seen, as if it had come after. */
  merge(other: ColumnSummary): this {
    for (const [kind, part] of other.#numbers) this.#part(kind).merge(part);
    this.#texts.merge(other.#texts.state());
    this.#textCount += other.#textCount;
    this.#missing += other.#missing;
    this.#infinite[0] += other.#infinite[0];
    this.#infinite[1] += other.#infinite[1];
    return this;
  }

  /** Plain data of at most 3 kB, for {@link ColumnSummary.fromJSON}: quantiles become rougher, and of the values the 20 most frequent stay. */
  toJSON(): ColumnSummaryJson {
    return toJson({
      missing: this.#missing,
      infinite: this.#infinite,
      numbers: Object.fromEntries(this.#numbers),
      texts: this.#texts.state(),
      textCount: this.#textCount,
    });
  }

  /** The summary again, from plain data or its JSON. Errors: `bad-value`. */
  static fromJSON(json: ColumnSummaryJson | string): ColumnSummary {
    const bad = (cause?: unknown) =>
      fail('bad-value', { what: 'ColumnSummary.fromJSON', got: 'something else', want: 'what toJSON of a summary gave' }, cause);
    try {
      const parsed = typeof json === 'string' ? (JSON.parse(json) as ColumnSummaryJson) : json;
      if (!parsed) throw bad();
      return new ColumnSummary({}, parsed);
    } catch (e) {
      throw bad(e);
    }
  }
}

function listed<K extends number | string>(counter: Counter<K>, shown: (key: K) => TopValue['value']): TopValue[] {
  const sure = counter.error === 0;
  return counter.counts().map(([key, count]) => ({ value: shown(key), count, ...(sure ? {} : { approximate: true as const }) }));
}

/**
 * One reading of one column: count, missing values, kind, moments, quantiles, frequent values. A summary of each part of the data can be merged.
 *
 * Shapes: any; of a tensor every element is a value. Errors: `bad-value`, `unknown-name` for an option.
 * Source: Chan, Golub, LeVeque 1979 (moments); Dunning & Ertl 2019 (merging t-digest); Misra & Gries 1982 (frequent values).
 *
 * @example
 * import { columnSummary } from '@stratus/core';
 * const ages = columnSummary().addAll([31, 47, null, 25, 31]);
 * console.log(ages.count, ages.missing, ages.mean, ages.quantile(0.5)); // 4 1 33.5 31
 * console.log(ages.top(1)); // [{ value: 31, count: 2 }]
 */
export const columnSummary: ((options?: ColumnSummaryOptions) => ColumnSummary) & {
  fromJSON(json: ColumnSummaryJson | string): ColumnSummary;
} = /* @__PURE__ */ Object.assign((options?: ColumnSummaryOptions): ColumnSummary => new ColumnSummary(options), {
  fromJSON: (json: ColumnSummaryJson | string): ColumnSummary => ColumnSummary.fromJSON(json),
});
