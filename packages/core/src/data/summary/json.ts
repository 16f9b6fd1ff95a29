import type { CounterState, Key } from './counter.ts';
import type { Groups } from './digest.ts';
import type { Numbers, NumbersState } from './numbers.ts';

interface CountsJson<K extends Key> {
  readonly distinct: number;
  /** False: at least so many. */
  readonly exact: boolean;
  readonly error: number;
  /** The most frequent first. */
  readonly top: readonly (readonly [K, number])[];
}

interface NumbersJson extends CountsJson<number> {
  readonly count: number;
  readonly mean: number;
  /** Sum of (x - mean)². */
  readonly squares: number;
  readonly minimum: number;
  readonly maximum: number;
  readonly integers: boolean;
  /** Mean and weight of each centroid; a third entry says that its numbers differ. */
  readonly centroids: readonly (readonly [mean: number, weight: number, differ?: 1])[];
}

/** A summary of a column as plain data: what `ColumnSummary.toJSON` gives and `ColumnSummary.fromJSON` takes. */
export interface ColumnSummaryJson {
  readonly format: 1;
  readonly missing: number;
  readonly infinite: readonly [negative: number, positive: number];
  readonly numbers: Readonly<Record<string, NumbersJson>>;
  readonly texts?: (CountsJson<string> & { readonly count: number }) | undefined;
}

/** What a summary holds. */
interface Parts<N> {
  readonly missing: number;
  readonly infinite: readonly [negative: number, positive: number];
  readonly numbers: Readonly<Record<string, N>>;
  readonly texts: CounterState<string>;
  readonly textCount: number;
}

/** How much is kept, of a column of one kind and of one of several: 3 kB in all. */
const room = { one: { centroids: 40, top: 20, characters: 1800 }, several: { centroids: 20, top: 8, characters: 700 } } as const;
type Room = (typeof room)[keyof typeof room];

function countsJson<K extends Key>(
  { counts, distinct, exact, error }: CounterState<K>,
  { top, characters }: Room,
): CountsJson<K> {
  const most = [...counts].sort((a, b) => b[1] - a[1]).slice(0, top);
  const size = () => new TextEncoder().encode(JSON.stringify(most)).length;
  while (most.length > 0 && size() > characters) most.pop();
  const isCut = most.length < counts.length;
  // What is not listed has been seen no more often than the least of the list.
  return { distinct, exact, error: isCut && !exact ? Math.max(error, most.at(-1)?.[1] ?? error) : error, top: most };
}

const centroidsJson = ({ length, means, weights, differ }: Groups): NumbersJson['centroids'] =>
  Array.from({ length }, (_, i) => (differ[i] ? [means[i]!, weights[i]!, 1] : [means[i]!, weights[i]!]));

function numbersJson(numbers: Numbers, allowed: Room): NumbersJson {
  const { moments, centroids, counts } = numbers.state(allowed.centroids);
  return { ...moments, ...countsJson(counts, allowed), centroids: centroidsJson(centroids) };
}

export function toJson({ missing, infinite, numbers, texts, textCount }: Parts<Numbers>): ColumnSummaryJson {
  const filled = Object.entries(numbers).filter(([, part]) => part.moments.count > 0);
  const allowed = filled.length + Number(textCount > 0) > 1 ? room.several : room.one;
  return {
    format: 1,
    missing,
    infinite,
    numbers: Object.fromEntries(filled.map(([kind, part]) => [kind, numbersJson(part, allowed)])),
    ...(textCount > 0 ? { texts: { count: textCount, ...countsJson(texts, allowed) } } : {}),
  };
}

const expect = (holds: boolean, what: string): void => {
  if (!holds) throw new TypeError(`${what} is missing or of another kind`);
};
const isCount = (x: unknown): x is number => typeof x === 'number' && x >= 0;

function countsState<K extends Key>({ top, distinct, exact, error }: CountsJson<K>, kind: 'number' | 'string'): CounterState<K> {
  expect(isCount(distinct) && typeof exact === 'boolean' && isCount(error), 'distinct');
  expect(Array.isArray(top) && top.every(([key, count]) => typeof key === kind && isCount(count)), 'top');
  return { counts: top, distinct, exact, error };
}

function numbersState(json: NumbersJson): NumbersState {
  const { count, mean, squares, minimum, maximum, integers, centroids } = json;
  expect([count, mean, minimum, maximum].every(Number.isFinite) && count > 0, 'a moment');
  expect(Array.isArray(centroids) && centroids.every(([m, w]) => Number.isFinite(m) && w > 0), 'centroids');
  return {
    moments: { count, mean, squares: squares ?? Number.POSITIVE_INFINITY, minimum, maximum, integers },
    centroids: {
      length: centroids.length,
      means: Float64Array.from(centroids, ([m]) => m),
      weights: Float64Array.from(centroids, ([, weight]) => weight),
      differ: Uint8Array.from(centroids, ([, , differ]) => differ ?? 0),
    },
    counts: countsState(json, 'number'),
  };
}

/** Errors: anything, when it is no summary. */
export function fromJson({ format, missing, infinite, numbers, texts }: ColumnSummaryJson): Parts<NumbersState> {
  expect(format === 1 && isCount(missing) && infinite.length === 2 && infinite.every(isCount), 'the format');
  const parts = Object.entries(numbers).map(([kind, part]) => {
    expect(['number', 'boolean', 'date'].includes(kind), kind);
    return [kind, numbersState(part)] as const;
  });
  return {
    missing,
    infinite,
    numbers: Object.fromEntries(parts),
    texts: texts ? countsState(texts, 'string') : { counts: [], distinct: 0, exact: true, error: 0 },
    textCount: texts?.count ?? 0,
  };
}
