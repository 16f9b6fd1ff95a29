import { fail } from '../errors.ts';
import { apply, type Value } from '../graph/index.ts';
import { showShape } from '../tensor/index.ts';
import type { OpCase } from './case.ts';
import { concat } from './concat.ts';
import { defineVariadicOp } from './define.ts';
import { axisIn, ints, knownInts } from './rules.ts';

/** @internal */
export const splitOp = defineVariadicOp({
  type: 'Split',
  since: 18,
  attrs: { axis: { kind: 'int', default: 0 }, num_outputs: { kind: 'int' } },
  written: [
    // The sizes were an attribute; without them the number of outputs said how many equal parts.
    {
      before: 18,
      attrs: { axis: { kind: 'int', default: 0 }, split: { kind: 'ints' } },
      read(op, [x, sizes], { axis, split: parts }, outputs) {
        const given = sizes ?? (parts && ints(parts as readonly number[]));
        return apply(op, given ? [x, given] : [x], { axis, num_outputs: given ? undefined : outputs });
      },
    },
  ],
  infer([x, sizes], { axis, num_outputs }) {
    const at = axisIn('Split', axis, x!.shape);
    const size = x!.shape[at]!;
    const parts = sizes ? knownInts('Split', 'sizes', sizes) : equalParts(size, num_outputs ?? 1);
    if (typeof size === 'number' && parts.reduce((a, b) => a + b, 0) !== size)
      throw fail('shape-mismatch', {
        what: 'Split',
        got: `parts ${showShape(parts)} of an axis of size ${size}`,
        want: 'parts that add up to the size',
      });
    return parts.map((part) => ({ dtype: x!.dtype, shape: x!.shape.with(at, part) }));
  },
  grad: ({ douts }, { axis }) => [concat(douts, { axis }), null],
});

const equalParts = (size: number | string, count: number): number[] => {
  if (typeof size === 'string')
    throw fail('bad-value', { what: 'Split', got: `an axis of run-time size '${size}'`, want: 'sizes for every part' });
  if (!Number.isInteger(count) || count < 1 || count > Math.max(size, 1))
    throw fail('bad-value', {
      what: 'Split',
      got: `${count} parts of an axis of size ${size}`,
      want: 'between one part and the size',
    });
  const part = Math.ceil(size / count);
  return Array.from({ length: count }, (_, i) => Math.max(0, Math.min(part, size - i * part)));
};

/**
 * Cuts a value into parts along one axis: the inverse of concat.
 *
 * Shapes: `[.., n, ..] -> [.., sizes[i], ..]` each. Errors: `shape-mismatch` unless the sizes add up.
 * Source: ONNX Split-18, torch.split.
 *
 * @example
 * import { graphInput, ops } from '@stratus/core';
 * const [a, b] = ops.split(graphInput('x', ['batch', 5]), [2, 3], { axis: -1 });
 * console.log(a!.shape, b!.shape); // ['batch', 2] ['batch', 3]
 */
export const split = (x: Value, sizes: readonly number[], { axis = 0 }: { readonly axis?: number } = {}): readonly Value[] =>
  splitOp([x, ints(sizes)], { axis });

/** @internal */
export const splitCases: OpCase[] = [
  { ins: [[5, 2]], build: (x) => split(x, [2, 3]), torch: 'torch.split(a, [2, 3], 0)' },
  { ins: [[2, 4]], build: (x) => split(x, [1, 1, 2], { axis: -1 }), torch: 'torch.split(a, [1, 1, 2], 1)' },
];
