// The ranges of whole numbers, against the typed arrays themselves.
import { describe, expect, it } from 'vitest';
import { type DType, dtypes } from '../src/tensor/index.ts';

const whole = (Object.keys(dtypes) as DType[]).filter((dtype) => dtypes[dtype].kind === 'int' || dtypes[dtype].kind === 'uint');

/** A number after it has been in an array of this dtype. */
function stored(dtype: DType, x: number): number {
  const data = dtypes[dtype].make(1);
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) data[0] = BigInt(x);
  else (data as Int32Array)[0] = x;
  return Number(data[0]);
}

describe.each(whole)('%s', (dtype) => {
  const [least, most] = dtypes[dtype].range!;
  // The float64 next to the largest: one more, or what 53 bits allow.
  const beyond = dtypes[dtype].bytes < 8 ? most + 1 : most / (1 - 2 ** -53);

  it('holds its range, and nothing beyond', () => {
    expect([stored(dtype, least), stored(dtype, most)]).toEqual([least, most]);
    expect(stored(dtype, beyond)).not.toBe(beyond);
    expect(stored(dtype, least === 0 ? -1 : least * 1.5)).not.toBe(least === 0 ? -1 : least * 1.5);
  });
});
