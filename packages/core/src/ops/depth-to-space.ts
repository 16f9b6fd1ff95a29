import { fail } from '../errors.ts';
import type { Info, Value } from '../graph/index.ts';
import { divDims, mulDims, showShape } from '../tensor/index.ts';
import type { OpCase } from './case.ts';
import { defineOp } from './define.ts';
import { reshape, reshapeLike } from './reshape.ts';
import { spaceToDepth } from './space-to-depth.ts';
import { transpose } from './transpose.ts';

/** @internal */
export const depthToSpaceOp = defineOp({
  type: 'DepthToSpace',
  since: 13,
  inputs: ['input'],
  outputs: ['output'],
  attrs: { blocksize: { kind: 'int' }, mode: { kind: 'string', default: 'DCR' } },
  infer: ({ input }, { blocksize = 0 }) => ({ output: { dtype: input.dtype, shape: spread(input, blocksize) } }),
  grad({ input, doutput }, { blocksize = 1, mode }) {
    if (mode === 'DCR') return { input: reshapeLike(spaceToDepth(doutput, blocksize), input) };
    const [batch, channels, height, width] = doutput.shape;
    const cut = reshape(doutput, [
      batch!,
      channels!,
      divDims(height!, blocksize)!,
      blocksize,
      divDims(width!, blocksize)!,
      blocksize,
    ]);
    return { input: reshapeLike(transpose(cut, [0, 1, 3, 5, 2, 4]), input) };
  },
});

function spread({ shape }: Info, block: number): (number | string)[] {
  const [batch, channels, height, width] = shape;
  const left = Number.isInteger(block) && block >= 1 && shape.length === 4 ? divDims(channels!, block * block) : undefined;
  if (left === undefined)
    throw fail('shape-mismatch', {
      what: 'DepthToSpace',
      got: `shape ${showShape(shape)} and blocks of ${block}`,
      want: '[batch, channels, height, width] with a number of channels that blocksize * blocksize divides',
    });
  return [batch!, left, mulDims(height!, block), mulDims(width!, block)];
}

/**
 * Turns channels into space: each group of `blocksize * blocksize` channels becomes a block of one channel.
 *
 * Mode 'CRD' takes neighbouring channels for a block, as PyTorch's pixel_shuffle does; 'DCR' takes channels that lie apart.
 * Shapes: `[batch, channels b b, height, width] -> [batch, channels, height b, width b]`. Errors: `shape-mismatch`.
 * Source: ONNX DepthToSpace-13; Shi et al. 2016.
 *
 * @example
 * import { graphInput, ops } from '@stratus/core';
 * console.log(ops.depthToSpace(graphInput('x', ['batch', 12, 8, 8]), 2).shape); // ['batch', 3, 16, 16]
 */
export const depthToSpace = (x: Value, blocksize: number, { mode = 'DCR' }: { readonly mode?: 'DCR' | 'CRD' } = {}): Value =>
  depthToSpaceOp({ input: x }, { blocksize, mode }).output;

/** @internal */
export const depthToSpaceCases: OpCase[] = [
  {
    ins: [[2, 8, 2, 3]],
    build: (x) => depthToSpace(x, 2),
    torch: 'a.reshape(2, 2, 2, 2, 2, 3).permute(0, 3, 4, 1, 5, 2).reshape(2, 2, 4, 6)',
  },
  { name: 'CRD', ins: [[2, 8, 3, 2]], build: (x) => depthToSpace(x, 2, { mode: 'CRD' }), torch: 'F.pixel_shuffle(a, 2)' },
];
