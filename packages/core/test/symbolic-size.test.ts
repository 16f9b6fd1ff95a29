import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addDims, ceilDivDims, type Dim, dimsDiffer, divDims, mulDims, productOf, sizeAt, subDims } from '../src/tensor/index.ts';
import { evaluate } from './support/build-row.ts';

describe('sizes that are known only at run time', () => {
  it.each([
    [addDims('batch', 2), '(batch + 2)'],
    [addDims(2, 'batch'), '(batch + 2)'],
    [mulDims('batch', 28), '(batch * 28)'],
    [mulDims(28, 'batch'), '(batch * 28)'],
    [subDims(addDims('batch', 1), 1), 'batch'],
    [subDims('batch', 'batch'), 0],
    [addDims('batch', 'batch'), '(batch * 2)'],
    [mulDims(addDims('batch', 1), addDims('time', -1)), '(-batch + batch * time + time - 1)'],
    [productOf(['batch', 2, 'time', 3]), '(batch * time * 6)'],
    [subDims(5, 'batch'), '(-batch + 5)'],
    [mulDims('batch', 0), 0],
    [mulDims('ceil((n - 1) / 2)', 4), '(ceil((n - 1) / 2) * 4)'],
    [addDims(addDims('ceil((n - 1) / 2)', 4), -4), 'ceil((n - 1) / 2)'],
    [addDims('any text, as models have it', 0), 'any text, as models have it'],
    [subDims(addDims('unk__7', 'unk__8'), 'unk__7'), 'unk__8'],
  ] as [Dim, Dim][])('%s is written as %s', (actual, text) => {
    expect(actual).toBe(text);
  });

  it.each([
    ['(batch * 6)', 3, '(batch * 2)'],
    ['(batch * 6)', 'batch', 6],
    ['(batch * 6)', '(batch * 6)', 1],
    ['(batch + 1)', '(batch + 1)', 1],
    ['(batch * 4 + 8)', 4, '(batch + 2)'],
    ['(batch * 3)', 2, undefined],
    ['batch', 'time', undefined],
    ['batch', 0, undefined],
    [12, 4, 3],
    [12, 5, undefined],
    [0, 5, 0],
  ] as [Dim, Dim, Dim | undefined][])('%s divided by %s is %s', (a, b, quotient) => {
    expect(divDims(a, b)).toBe(quotient);
  });

  it.each([
    ['(batch * 6)', '(batch * 7)', true],
    ['(batch * 6)', '(batch * 6)', false],
    ['batch', 3, false],
    ['batch', 'time', false],
    ['(batch + 1)', 'batch', true],
    [4, 5, true],
  ] as [Dim, Dim, boolean][])('%s and %s are sure to differ: %s', (a, b, sure) => {
    expect(dimsDiffer(a, b)).toBe(sure);
  });

  const size: fc.Arbitrary<Dim> = fc.letrec<{ size: Dim }>((tie) => ({
    size: fc.oneof(
      { depthSize: 'small' },
      fc.constant<Dim>('batch'),
      fc.integer({ min: 0, max: 9 }),
      fc.tuple(tie('size'), tie('size')).map(([a, b]) => addDims(a, b)),
      fc.tuple(tie('size'), tie('size')).map(([a, b]) => subDims(a, b)),
      fc.tuple(tie('size'), tie('size')).map(([a, b]) => mulDims(a, b)),
    ),
  })).size;
  const valueOf = (d: Dim): number => (typeof d === 'number' ? d : evaluate(d, 7));

  it('keep their value and have one text, however they are computed', () => {
    fc.assert(
      fc.property(size, size, size, (a, b, c) => {
        expect(valueOf(addDims(a, b))).toBe(valueOf(a) + valueOf(b));
        expect(valueOf(mulDims(a, b)) + 0).toBe(valueOf(a) * valueOf(b) + 0); // no -0
        expect(addDims(a, addDims(b, c))).toBe(addDims(addDims(c, a), b));
        expect(addDims(mulDims(a, addDims(b, c)), 0)).toBe(addDims(mulDims(b, a), mulDims(a, c)));
        expect(subDims(addDims(a, b), b)).toBe(addDims(a, 0));
      }),
      { seed: 1 },
    );
  });

  it('come to a number once their names are known', () => {
    const rounded = fc.tuple(size, fc.integer({ min: 1, max: 9 })).map(([d, by]) => ceilDivDims(d, by));
    fc.assert(
      fc.property(fc.oneof(size, rounded), (d) => {
        expect(sizeAt(d, new Map([['batch', 7]]))! + 0).toBe(valueOf(d) + 0); // no -0
      }),
      { seed: 1 },
    );
    expect(sizeAt('(batch + time)', new Map([['batch', 7]]))).toBeUndefined();
    expect(sizeAt('ceil(ceil((time - 1) / 2) / 3)', new Map([['time', 10]]))).toBe(2);
  });
});
