import { fail } from '../errors.ts';
import type { Value } from '../graph/index.ts';
import { type Dim, divDims, mulDims, showShape } from '../tensor/index.ts';
import type { OpCase } from './case.ts';
import { defineOp } from './define.ts';
import { depthToSpace } from './depth-to-space.ts';
import { reshape, reshapeLike } from './reshape.ts';
import { transpose } from './transpose.ts';

/** @internal */
export const spaceToDepthOp = defineOp({
  type: 'SpaceToDepth',
  since: 13,
  inputs: ['input'],
  outputs: ['output'],
  attrs: { blocksize: { kind: 'int' } },
  infer({ input }, { blocksize = 0 }) {
    const [batch, channels, height, width] = input.shape;
    const fits = Number.isInteger(blocksize) && blocksize >= 1 && input.shape.length === 4;
    const [rows, columns] = fits ? [divDims(height!, blocksize), divDims(width!, blocksize)] : [];
    if (rows === undefined || columns === undefined)
      throw fail('shape-mismatch', {
        what: 'SpaceToDepth',
        got: `shape ${showShape(input.shape)} and blocks of ${blocksize}`,
        want: '[batch, channels, height, width] with a height and width that blocksize divides',
      });
    return { output: { dtype: input.dtype, shape: [batch!, mulDims(channels!, blocksize * blocksize), rows, columns] } };
  },
  expand({ input }, { blocksize: b = 1 }) {
    const [batch, channels, rows, columns] = input.shape as [Dim, Dim, Dim, Dim];
    const [down, across] = [divDims(rows, b)!, divDims(columns, b)!];
    const blocks = transpose(reshape(input, [batch, channels, down, b, across, b]), [0, 3, 5, 1, 2, 4]);
    return { output: reshape(blocks, [batch, mulDims(channels, b * b), down, across]) };
  },
  grad: ({ input, doutput }, { blocksize = 1 }) => ({ input: reshapeLike(depthToSpace(doutput, blocksize), input) }),
});

/**
 * Turns space into channels: each block becomes `blocksize * blocksize` channels, which lie apart. The inverse of `depthToSpace`.
 *
 * Shapes: `[batch, channels, height, width] -> [batch, channels b b, height / b, width / b]`. Errors: `shape-mismatch`.
 * Source: ONNX SpaceToDepth-13, tf.nn.space_to_depth.
 *
 * @example
 * import { graphInput, ops } from '@stratus/core';
 * console.log(ops.spaceToDepth(graphInput('x', ['batch', 3, 16, 16]), 2).shape); // ['batch', 12, 8, 8]
 */
export const spaceToDepth = (x: Value, blocksize: number): Value => spaceToDepthOp({ input: x }, { blocksize }).output;

/** @internal */
export const spaceToDepthCases: OpCase[] = [
  {
    ins: [[2, 2, 4, 6]],
    build: (x) => spaceToDepth(x, 2),
    torch: 'a.reshape(2, 2, 2, 2, 3, 2).permute(0, 3, 5, 1, 2, 4).reshape(2, 8, 2, 3)',
  },
];
