import { fail } from '../errors.ts';
import type { Value } from '../graph/index.ts';
import { showShape } from '../tensor/index.ts';
import { add } from './add.ts';
import type { OpCase } from './case.ts';
import { byConvolution, suitsConvolution } from './channel-convolution.ts';
import { mul } from './mul.ts';
import { reshape } from './reshape.ts';
import { axisIn } from './rules.ts';

/** How {@link scaleShift} is called. */
export interface ScaleShiftOptions {
  /** The axis of the channels, 1 unless told. */
  readonly axis?: number;
}

/**
 * A scale and a shift for each channel: `y = x * scale + shift`; without `shift` only the scale. One pass over memory where that is
 * possible.
 *
 * Shapes: `x [batch, channels, ...S], scale [channels], shift [channels] -> [batch, channels, ...S]`.
 * Errors: `shape-mismatch` unless scale and shift are lists of that length, `bad-value` for an axis outside.
 * Source: the last step of batch normalization, Ioffe and Szegedy 2015, algorithm 1.
 *
 * @example
 * import { graphInput, ops } from '@stratus/core';
 * const [scale, shift] = [graphInput('scale', [3]), graphInput('shift', [3])];
 * console.log(ops.scaleShift(graphInput('x', ['batch', 3, 32, 32]), scale, shift).shape); // ['batch', 3, 32, 32]
 */
export function scaleShift(x: Value, scale: Value, shift?: Value, { axis = 1 }: ScaleShiftOptions = {}): Value {
  const at = axisIn('scaleShift', axis, x.shape);
  const channels = x.shape[at]!;
  for (const part of shift ? [scale, shift] : [scale])
    if (part.shape.length !== 1 || (part.shape[0] !== channels && typeof channels === 'number'))
      throw fail('shape-mismatch', {
        what: 'scaleShift',
        got: `scale ${showShape(scale.shape)}${shift ? `, shift ${showShape(shift.shape)}` : ''} for ${showShape(x.shape)}`,
        want: `one number for each of the ${channels} channels of axis ${at}`,
      });
  if (at === 1 && suitsConvolution(x)) return byConvolution(x, scale, shift);
  const along = (v: Value): Value => reshape(v, [v.shape[0]!, ...x.shape.slice(at + 1).map(() => 1)]);
  const scaled = mul(x, along(scale));
  return shift ? add(scaled, along(shift)) : scaled;
}

/** @internal */
export const scaleShiftCases: OpCase[] = [
  { ins: [[2, 3, 4], [3], [3]], build: (x, a, b) => scaleShift(x, a, b), torch: 'a * b[:, None] + c[:, None]' },
  { name: 'no shift', ins: [[2, 3], [3]], build: (x, a) => scaleShift(x, a), torch: 'a * b' },
  { name: 'last axis', ins: [[2, 2, 3], [3], [3]], build: (x, a, b) => scaleShift(x, a, b, { axis: -1 }), torch: 'a * b + c' },
  {
    name: 'one pass',
    ins: [[2, 2, 128], [2], [2]],
    build: (x, a, b) => scaleShift(x, a, b),
    torch: 'a * b[:, None] + c[:, None]',
  },
  {
    name: 'one pass over images',
    ins: [[2, 2, 16, 8], [2]],
    build: (x, a) => scaleShift(x, a),
    torch: 'a * b[:, None, None]',
  },
];
