import { dtypes, fromFloat16, type Tensor } from '@stratus/core';

/** What came of asking a shadow too. */
export interface ShadowCounts {
  readonly compared: number;
  /** Requests of which it says something else. */
  readonly mismatched: number;
  /** Requests that it could not answer. */
  readonly failed: number;
  /** Requests that it was not asked because it was busy. */
  readonly dropped: number;
  /** The largest difference of two numbers so far. */
  readonly largestDifference: number;
}

/** One request that a shadow was to be asked too. */
export interface ShadowRecord {
  readonly model: string;
  readonly version: string;
  /** Whether it says the same; or why nobody knows: it could not answer, or was not asked because it was busy. */
  readonly said: 'same' | 'otherwise' | 'failed' | 'dropped';
  /** The largest difference of two numbers; 0 where there was no answer. */
  readonly difference: number;
}

type Outputs = Readonly<Record<string, Tensor>>;

const numberAt = ({ dtype, data }: Tensor, at: number): number =>
  dtype === 'float16' ? fromFloat16(Number(data[at])) : Number(data[at]);

/** The largest difference of two answers: 0 where they are the same, Infinity where they cannot be compared. Within `tolerance` numbers are the same. */
export function differenceOf(
  one: Outputs,
  other: Outputs,
  tolerance: number,
): { readonly same: boolean; readonly largest: number } {
  const different = { same: false, largest: Number.POSITIVE_INFINITY };
  const names = Object.keys(one);
  if (names.length !== Object.keys(other).length) return different;
  let [same, largest] = [true, 0];
  for (const name of names) {
    const [a, b] = [one[name]!, other[name]];
    if (!b || a.dtype !== b.dtype || a.shape.join() !== b.shape.join()) return different;
    const exact = dtypes[a.dtype].kind !== 'float';
    for (let at = 0; at < a.data.length; at++) {
      if (Object.is(a.data[at], b.data[at])) continue;
      if (exact) {
        same = false;
        if (a.dtype === 'string') continue;
      }
      const [x, y] = [numberAt(a, at), numberAt(b, at)];
      const difference = x === y || (Number.isNaN(x) && Number.isNaN(y)) ? 0 : Math.abs(x - y);
      if (!(difference <= tolerance * Math.max(1, Math.abs(x)))) same = false;
      largest = Math.max(largest, Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference);
    }
  }
  return { same, largest };
}
