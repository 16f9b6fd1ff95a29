import { describe, expect, it } from 'vitest';
import { fromFloat16, toFloat16 } from '../src/index.ts';

describe('float16', () => {
  it('goes there and back for all 65536', () => {
    const finite = Array.from({ length: 65536 }, (_, bits) => bits).filter((bits) => Number.isFinite(fromFloat16(bits)));
    expect(finite).toHaveLength(65536 - 2 * 1024);
    expect(finite.filter((bits) => toFloat16(fromFloat16(bits)) !== bits)).toEqual([]);
    expect([fromFloat16(0x7c00), fromFloat16(0xfc00), fromFloat16(0x7e00)]).toEqual([
      Number.POSITIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
      Number.NaN,
    ]);
  });

  it('rounds to the nearest, ties to even', () => {
    // 1 + 2^-11 lies between 1 and 1 + 2^-10; 1 + 3 * 2^-11 between that and 1 + 2^-9.
    expect([1, 1 + 2 ** -11, 1 + 2 ** -11 + 2 ** -30, 1 + 3 * 2 ** -11].map((x) => toFloat16(x))).toEqual([
      0x3c00, 0x3c00, 0x3c01, 0x3c02,
    ]);
    expect([65504, 65519.9, 65520 - 2 ** -37].map((x) => toFloat16(x))).toEqual([0x7bff, 0x7bff, 0x7bff]);
    expect([65520, -1e9, Infinity, Number.NaN].map((x) => toFloat16(x))).toEqual([0x7c00, 0xfc00, 0x7c00, 0x7e00]);
    expect([2 ** -24, 2 ** -25, 2 ** -25 * 1.0001, 2 ** -14, -0].map((x) => toFloat16(x))).toEqual([1, 0, 1, 0x400, 0x8000]);
  });
});
