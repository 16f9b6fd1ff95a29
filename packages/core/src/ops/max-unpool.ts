import { fail } from '../errors.ts';
import type { Value } from '../graph/index.ts';
import { full, type Shape, showShape } from '../tensor/index.ts';
import type { OpCase } from './case.ts';
import { inInt32 } from './cast.ts';
import { constantOfShape } from './constant-of-shape.ts';
import { defineOp } from './define.ts';
import { gather } from './gather.ts';
import { reshape, reshapeLike, reshapeOp } from './reshape.ts';
import { floating, knownDims } from './rules.ts';
import { scatterElementsOp } from './scatter-add.ts';
import { shapeOf } from './shape.ts';

/** @internal */
export const maxUnpoolOp = defineOp({
  type: 'MaxUnpool',
  since: 11,
  inputs: ['x', 'i'],
  optional: ['output_shape'],
  outputs: ['output'],
  attrs: { kernel_shape: { kind: 'ints' }, pads: { kind: 'ints' }, strides: { kind: 'ints' } },
  infer({ x, i, output_shape }, { kernel_shape: kernel = [], pads, strides }) {
    const rank = kernel.length;
    if (x.shape.length !== rank + 2 || i.shape.length !== rank + 2)
      throw fail('shape-mismatch', {
        what: 'MaxUnpool',
        got: `x ${showShape(x.shape)}, positions ${showShape(i.shape)}, a window of ${showShape(kernel)}`,
        want: 'x and positions [batch, channels, ...] and one size of the window for each axis after the channels',
      });
    const known = output_shape && knownDims(output_shape);
    if (output_shape && known?.length !== rank + 2)
      throw fail('bad-value', {
        what: 'MaxUnpool',
        got: known ? `output_shape ${showShape(known)}` : 'an output_shape computed at run time',
        want: `the sizes of all ${rank + 2} axes, known or read off a shape`,
      });
    const grown = (): Shape =>
      kernel.map((size, k) => {
        const count = x.shape[k + 2]!;
        if (typeof count === 'string')
          throw fail('bad-value', {
            what: 'MaxUnpool',
            got: `shape ${showShape(x.shape)} without output_shape`,
            want: 'output_shape, where sizes are known only at run time',
          });
        return (count - 1) * (strides?.[k] ?? 1) + size - (pads?.[k] ?? 0) - (pads?.[k + rank] ?? 0);
      });
    return { output: { dtype: floating('MaxUnpool', x).dtype, shape: known ?? [...x.shape.slice(0, 2), ...grown()] } };
  },
  expand({ x, i, output_shape }) {
    if (!output_shape) return undefined;
    const zeros = reshape(constantOfShape(output_shape, full([1], 0, x.dtype)), [-1]);
    const flat = scatterElementsOp({ data: zeros, indices: reshape(inInt32(i), [-1]), updates: reshape(x, [-1]) }).output;
    return { output: reshapeOp({ data: flat, shape: output_shape }, { allowzero: 1 }).reshaped };
  },
  grad: ({ x, i, doutput }) => ({ x: reshapeLike(pick(doutput, i), x), i: null }),
});

const pick = (from: Value, positions: Value): Value => gather(reshape(from, [-1]), positions);

/**
 * Puts each element back to the position that `maxPoolWithIndices` took it from; all others are 0. Where two elements name one
 * position, one of them wins.
 *
 * Shapes: `x S, indices S (int64, flat over all axes of the result) -> shape of like`. float32 only.
 * Errors: `shape-mismatch`. Source: ONNX MaxUnpool-11, torch.nn.functional.max_unpool2d.
 *
 * @example
 * import { graphInput, ops } from '@stratus/core';
 * const x = graphInput('x', ['batch', 3, 8, 8]);
 * const { values, indices } = ops.maxPoolWithIndices(x, { kernelShape: [2, 2], strides: [2, 2] });
 * console.log(ops.maxUnpool(values, indices, x).shape); // ['batch', 3, 8, 8]
 */
export const maxUnpool = (x: Value, indices: Value, like: Value): Value =>
  // With output_shape the window says nothing more, but must be there.
  maxUnpoolOp({ x, i: indices, output_shape: shapeOf(like) }, { kernel_shape: like.shape.slice(2).map(() => 1) }).output;

const float32 = 'ONNX Runtime has no float64 kernel';
const corners = {
  dtype: 'int64',
  values: [
    [
      [
        [0, 7],
        [8, 15],
      ],
    ],
    [
      [
        [17, 19],
        [28, 31],
      ],
    ],
  ],
} as const;

/** @internal */
export const maxUnpoolCases: OpCase[] = [
  {
    ins: [[2, 1, 2, 2], corners],
    build: (x, i) => maxUnpoolOp({ x, i }, { kernel_shape: [2, 2], strides: [2, 2] }).output,
    torch: 'torch.zeros(32, dtype=a.dtype).scatter(0, b.flatten(), a.flatten()).reshape(2, 1, 4, 4)',
    float32,
  },
  {
    name: 'like',
    ins: [[2, 1, 2, 2], corners, [2, 1, 4, 4]],
    build: (x, i, like) => maxUnpool(x, i, like),
    torch: 'torch.zeros(32, dtype=a.dtype).scatter(0, b.flatten(), a.flatten()).reshape(2, 1, 4, 4) + 0 * c',
    float32,
  },
];
