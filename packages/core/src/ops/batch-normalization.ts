import { fail } from '../errors.ts';
import { apply, type Value } from '../graph/index.ts';
import { add } from './add.ts';
import type { OpCase } from './case.ts';
import { checkChannels } from './channel-lists.ts';
import { defineOp } from './define.ts';
import { mul } from './mul.ts';
import { neg } from './neg.ts';
import { reciprocal } from './reciprocal.ts';
import { reduceSum } from './reduce-sum.ts';
import { reshape } from './reshape.ts';
import { floating } from './rules.ts';
import { scaleShift } from './scale-shift.ts';
import { sqrt } from './sqrt.ts';
import { sub } from './sub.ts';
import { todaysAttrs } from './written.ts';

const attrs = {
  epsilon: { kind: 'float', default: 1e-5 },
  momentum: { kind: 'float', default: 0.9 },
  training_mode: { kind: 'int', default: 0 },
} as const;

/** @internal */
export const batchNormalizationOp = defineOp({
  type: 'BatchNormalization',
  since: 15,
  inputs: ['x', 'scale', 'b', 'mean', 'variance'],
  outputs: ['y'],
  attrs,
  statistics: ['mean', 'variance'],
  written: [
    {
      before: 9,
      attrs: { epsilon: attrs.epsilon, momentum: attrs.momentum, spatial: { kind: 'int', default: 1 } },
      read(op, ins, found) {
        if (found['spatial'] === 0)
          throw fail('bad-value', { what: 'BatchNormalization', got: 'spatial = 0', want: 'statistics for each channel' });
        return apply(op, ins, todaysAttrs(op, found));
      },
    },
  ],
  infer({ x, ...lists }, { training_mode }) {
    if (training_mode !== 0)
      throw fail('bad-value', {
        what: 'BatchNormalization',
        got: `training_mode = ${training_mode}`,
        want: 'training_mode 0: statistics that were collected before',
        fix: 'Export the model for inference (in PyTorch: model.eval() before the export).',
      });
    checkChannels('BatchNormalization', x, lists);
    return { y: floating('BatchNormalization', x) };
  },
  grad({ x, scale, mean, variance, dy }, { epsilon }) {
    const others = x.shape.flatMap((_, axis) => (axis === 1 ? [] : [axis]));
    const inverse = reciprocal(sqrt(add(variance, epsilon)));
    const centered = sub(x, reshape(mean, [mean.shape[0]!, ...x.shape.slice(2).map(() => 1)]));
    const sum = reduceSum(dy, { axes: others });
    const dscale = mul(inverse, reduceSum(mul(dy, centered), { axes: others }));
    return {
      x: scaleShift(dy, mul(scale, inverse)),
      scale: dscale,
      b: sum,
      mean: neg(mul(mul(scale, inverse), sum)),
      variance: mul(mul(mul(inverse, inverse), scale), mul(dscale, -0.5)), // d(1 / √v) = -½ v^(-3/2)
    };
  },
});

/** How {@link batchNormalization} is called. */
export interface BatchNormalizationInputs {
  readonly scale: Value;
  readonly bias: Value;
  readonly mean: Value;
  readonly variance: Value;
  /** Added to the variance; 1e-5 unless told. */
  readonly epsilon?: number;
}

/**
 * Each channel with given statistics taken out: `y = (x - mean) / sqrt(variance + epsilon) * scale + bias`. The statistics of a
 * batch are not collected here; the layer of the same name does that.
 *
 * Shapes: `x [batch, channels, ...S]`, the others `[channels]` `-> [batch, channels, ...S]`.
 * Errors: `shape-mismatch`, `dtype-mismatch`. Source: ONNX BatchNormalization-15 (inference), torch.nn.functional.batch_norm.
 *
 * @example
 * import { graphInput, ops } from '@stratus/core';
 * const [scale, bias, mean, variance] = ['scale', 'bias', 'mean', 'variance'].map((name) => graphInput(name, [3]));
 * const y = ops.batchNormalization(graphInput('x', ['batch', 3, 8, 8]), { scale, bias, mean, variance });
 * console.log(y.shape); // ['batch', 3, 8, 8]
 */
export const batchNormalization = (x: Value, { scale, bias, mean, variance, epsilon = 1e-5 }: BatchNormalizationInputs): Value =>
  batchNormalizationOp({ x, scale, b: bias, mean, variance }, { epsilon }).y;

/** @internal */
export const batchNormalizationCases: OpCase[] = [
  {
    ins: [[2, 3, 2, 2], [3], [3], [3], { shape: [3], domain: [0.5, 2] }],
    build: (x, scale, bias, mean, variance) => batchNormalization(x, { scale, bias, mean, variance }),
    // PyTorch's function does not differentiate the statistics.
    torch: '(a - d[:, None, None]) / (e + 1e-5).sqrt()[:, None, None] * b[:, None, None] + c[:, None, None]',
  },
  {
    name: 'features',
    ins: [[4, 3], [3], [3], [3], { shape: [3], domain: [0.5, 2] }],
    build: (x, scale, bias, mean, variance) => batchNormalization(x, { scale, bias, mean, variance, epsilon: 0.125 }),
    torch: '(a - d) / (e + 0.125).sqrt() * b + c',
  },
  {
    name: 'volumes',
    ins: [[2, 3, 2, 1, 2], [3], [3], [3], { shape: [3], domain: [0.5, 2] }],
    build: (x, scale, bias, mean, variance) => batchNormalization(x, { scale, bias, mean, variance }),
    torch: 'F.batch_norm(a, d.detach(), e.detach(), b, c)',
    gradient: false,
  },
];
