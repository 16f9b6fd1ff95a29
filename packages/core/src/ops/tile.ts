import { fail } from '../errors.ts';
import type { Value } from '../graph/index.ts';
import { mulDims, showShape } from '../tensor/index.ts';
import type { OpCase } from './case.ts';
import { defineOp } from './define.ts';
import { reduceSum } from './reduce-sum.ts';
import { reshapeOp } from './reshape.ts';
import { ints, knownInts } from './rules.ts';
import { dimsOf } from './shape.ts';

/** @internal */
export const tileOp = defineOp({
  type: 'Tile',
  since: 13,
  inputs: ['input', 'repeats'],
  outputs: ['output'],
  infer({ input, repeats }) {
    const times = knownInts('Tile', 'repeats', repeats);
    if (times.length !== input.shape.length || times.some((n) => n < 0))
      throw fail('bad-value', {
        what: 'Tile',
        got: `repeats ${showShape(times)} for shape ${showShape(input.shape)}`,
        want: 'one whole number from 0 for every axis',
      });
    return { output: { dtype: input.dtype, shape: input.shape.map((d, i) => mulDims(d, times[i]!)) } };
  },
  grad({ input, repeats, doutput }) {
    // Every repeated axis [r n] is seen as [r, n], and summed over r.
    const times = knownInts('Tile', 'repeats', repeats);
    const apart = input.shape.flatMap((d, i) => (times[i] === 1 ? [d] : [times[i]!, d]));
    const axes = times.flatMap((n, i) => (n === 1 ? [] : [i + times.slice(0, i).filter((m) => m !== 1).length]));
    const { reshaped } = reshapeOp({ data: doutput, shape: dimsOf(apart, input) }, { allowzero: 1 });
    return { input: reduceSum(reshaped, { axes }), repeats: null };
  },
});

/**
 * Repeats the whole value along each axis.
 *
 * Shapes: `[n, m] -> [n repeats[0], m repeats[1]]`. Errors: `bad-value` unless there is one number for every axis.
 * Source: ONNX Tile-13, torch.tile.
 *
 * @example
 * import { graphInput, ops } from '@stratus/core';
 * console.log(ops.tile(graphInput('x', ['batch', 3]), [1, 2]).shape); // ['batch', 6]
 */
export const tile = (x: Value, repeats: readonly number[]): Value => tileOp({ input: x, repeats: ints(repeats) }).output;

/** @internal */
export const tileCases: OpCase[] = [
  { ins: [[2, 3]], build: (x) => tile(x, [3, 2]), torch: 'torch.tile(a, (3, 2))' },
  { ins: [[2, 1, 3]], build: (x) => tile(x, [1, 4, 1]), torch: 'torch.tile(a, (1, 4, 1))' },
  { ins: [[2, 3]], build: (x) => tile(x, [1, 1]), torch: 'a' },
];
