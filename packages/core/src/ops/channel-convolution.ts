// A scale and a shift for each channel as one convolution: one pass over memory, into which ONNX Runtime also takes the activation
// that follows. Mul and Add take twice as long on large images, three times with Relu.
import type { Value } from '../graph/index.ts';
import { productOf, sizeOf } from '../tensor/index.ts';
import { countOf } from './count-of.ts';
import { defineOp } from './define.ts';
import { div } from './div.ts';
import { keepingCentered } from './keeping-centered.ts';
import { mul } from './mul.ts';
import { neg } from './neg.ts';
import { reduceSum } from './reduce-sum.ts';
import { reshape } from './reshape.ts';

/** Elements of one channel from which on a convolution is quicker (measured); each channel costs it some time of its own. */
const longEnough = 128;

/** True for channels that stand second and are long enough. There is no convolution of float64. */
export function suitsConvolution({ shape, dtype }: Value): boolean {
  const [channels, area] = [shape[1], productOf(shape.slice(2))];
  return dtype === 'float32' && typeof channels === 'number' && typeof area === 'number' && area >= longEnough;
}

/** All axes but one. */
export const othersThan = (axis: number, { shape }: Value): number[] => shape.flatMap((_, i) => (i === axis ? [] : [i]));

// Convolutions to ONNX. A general rule for them would gather windows; these have windows of one element.
const define = (centered: boolean) =>
  defineOp({
    type: 'Conv',
    since: 11,
    inputs: ['x', 'scale'],
    optional: ['shift'],
    outputs: ['y'],
    attrs: { auto_pad: { kind: 'string', default: 'NOTSET' }, group: { kind: 'int' }, kernel_shape: { kind: 'ints' } },
    infer: ({ x }) => ({ y: x }),
    flops: (_, { y }) => 2 * sizeOf(y.shape),
    grad({ x, scale, dy }) {
      const axes = othersThan(1, dy);
      const [by, sum] = [reshape(scale, [scale.shape[0]!]), reduceSum(dy, { axes })];
      return {
        x: byConvolution(dy, by, centered ? neg(mul(by, div(sum, countOf(dy, axes)))) : undefined),
        scale: reshape(reduceSum(mul(dy, centered ? keepingCentered(x, axes) : x), { axes }), scale.shape),
        shift: sum,
      };
    },
  });

const plain = define(false);
const ofCentered = define(true);

/**
 * `x * scale + shift` for each channel. `centered`: the cotangent of `x` has its mean taken out, at no cost; for an `x` that is a
 * value less its mean.
 */
export function byConvolution(x: Value, scale: Value, shift?: Value, { centered = false } = {}): Value {
  const ones = x.shape.slice(2).map(() => 1);
  const emit = centered ? ofCentered : plain;
  return emit(
    { x, scale: reshape(scale, [scale.shape[0]!, 1, ...ones]), shift },
    { group: Number(x.shape[1]), kernel_shape: ones },
  ).y;
}
