import type { Value } from '../graph/index.ts';
import { add } from './add.ts';
import type { OpCase } from './case.ts';
import { center } from './center.ts';
import { checkChannels } from './channel-lists.ts';
import { defineOp } from './define.ts';
import { mul } from './mul.ts';
import { reciprocal } from './reciprocal.ts';
import { reduceMean } from './reduce-mean.ts';
import { reduceSum } from './reduce-sum.ts';
import { floating } from './rules.ts';
import { scaleShift } from './scale-shift.ts';
import { sqrt } from './sqrt.ts';
import { sub } from './sub.ts';

/** @internal */
export const instanceNormalizationOp = defineOp({
  type: 'InstanceNormalization',
  since: 6,
  inputs: ['input', 'scale', 'b'],
  outputs: ['output'],
  attrs: { epsilon: { kind: 'float', default: 1e-5 } },
  infer({ input, ...lists }) {
    checkChannels('InstanceNormalization', input, lists);
    return { output: floating('InstanceNormalization', input) };
  },
  grad({ input, scale, doutput }, { epsilon }) {
    const axes = input.shape.flatMap((_, axis) => (axis < 2 ? [] : [axis]));
    const others = input.shape.flatMap((_, axis) => (axis === 1 ? [] : [axis]));
    const { centered } = center(input, axes);
    const mean = (v: Value): Value => reduceMean(v, { axes, keepDims: true });
    const inverse = reciprocal(sqrt(add(mean(mul(centered, centered)), epsilon)));
    const normal = mul(centered, inverse);
    const g = scaleShift(doutput, scale);
    // What changes mean and variance of an image's channel is taken out of the cotangent.
    const across = sub(center(g, axes).centered, mul(normal, mean(mul(g, normal))));
    return {
      input: mul(across, inverse),
      scale: reduceSum(mul(doutput, normal), { axes: others }),
      b: reduceSum(doutput, { axes: others }),
    };
  },
});

/** How {@link instanceNormalization} is called. */
export interface InstanceNormalizationInputs {
  readonly scale: Value;
  readonly bias: Value;
  /** Added to the variance; 1e-5 unless told. */
  readonly epsilon?: number;
}

/**
 * Each channel of each image less its mean, divided by its standard deviation: `y = (x - mean) / sqrt(variance + epsilon) * scale
 * + bias`. ONNX Runtime runs it in one thread.
 *
 * Shapes: `x [batch, channels, ...S], scale [channels], bias [channels] -> [batch, channels, ...S]`.
 * Errors: `shape-mismatch`, `dtype-mismatch`. Source: ONNX InstanceNormalization-6, torch.nn.functional.instance_norm.
 *
 * @example
 * import { graphInput, ops } from '@stratus/core';
 * const [scale, bias] = [graphInput('scale', [3]), graphInput('bias', [3])];
 * console.log(ops.instanceNormalization(graphInput('x', ['batch', 3, 8, 8]), { scale, bias }).shape); // ['batch', 3, 8, 8]
 */
export const instanceNormalization = (x: Value, { scale, bias, epsilon = 1e-5 }: InstanceNormalizationInputs): Value =>
  instanceNormalizationOp({ input: x, scale, b: bias }, { epsilon }).output;

/** @internal */
export const instanceNormalizationCases: OpCase[] = [
  {
    ins: [[2, 3, 4], [3], [3]],
    build: (x, scale, bias) => instanceNormalization(x, { scale, bias }),
    torch: 'F.instance_norm(a, weight=b, bias=c)',
    float32: 'ONNX Runtime has no kernel for float64',
  },
  {
    name: 'images',
    ins: [[3, 2, 3, 2], [2], [2]],
    build: (x, scale, bias) => instanceNormalization(x, { scale, bias, epsilon: 0.125 }),
    torch: 'F.instance_norm(a, weight=b, bias=c, eps=0.125)',
    float32: 'ONNX Runtime has no kernel for float64',
  },
];
