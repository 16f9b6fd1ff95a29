import { fail } from '../errors.ts';
import type { Value } from '../graph/index.ts';
import { and } from './and.ts';
import type { OpCase } from './case.ts';
import { cast } from './cast.ts';
import { defineOp } from './define.ts';
import { greater } from './greater.ts';
import { greaterOrEqual } from './greater-or-equal.ts';
import { numeric } from './kinds.ts';
import { less } from './less.ts';
import { lessOrEqual } from './less-or-equal.ts';
import { mul } from './mul.ts';
import { lift, sameDtype } from './rules.ts';
import { attributesBecameInputs } from './written.ts';

/** @internal */
export const clipOp = defineOp({
  type: 'Clip',
  since: 13,
  inputs: ['input'],
  optional: ['min', 'max'],
  outputs: ['output'],
  written: [attributesBecameInputs(11, { min: { kind: 'float' }, max: { kind: 'float' } }, { min: 1, max: 2 })],
  infer({ input, min, max }) {
    for (const bound of [min, max]) if (bound) sameDtype('Clip', input, bound);
    return { output: numeric('Clip', input) };
  },
  grad({ input, min, max, doutput }) {
    const where = (mask: Value): Value => mul(doutput, cast(mask, input.dtype));
    const above = min && greaterOrEqual(input, min);
    const below = max && lessOrEqual(input, max);
    const inside = above && below ? and(above, below) : (above ?? below);
    return {
      input: inside ? where(inside) : doutput,
      min: min ? where(less(input, min)) : null,
      max: max ? where(greater(input, max)) : null,
    };
  },
});

/** How {@link clip} is called. */
export interface ClipOptions {
  readonly min?: number | undefined;
  readonly max?: number | undefined;
}

/**
 * Keeps values between two bounds, elementwise: `y = min(max(x, min), max)`. The gradient passes where `min <= x <= max`.
 *
 * Shapes: `S -> S`. Errors: `bad-value` for `min > max`, `dtype-mismatch` for bool. Source: ONNX Clip-13, torch.clamp.
 *
 * @example
 * import { graphInput, ops } from '@stratus/core';
 * console.log(ops.clip(graphInput('x', [2, 3]), { min: 0, max: 6 }).shape); // [2, 3]
 */
export function clip(x: Value, { min, max }: ClipOptions): Value {
  if (min === undefined && max === undefined) return x;
  if (min !== undefined && max !== undefined && min > max)
    throw fail('bad-value', { what: 'Clip', got: `min ${min} and max ${max}`, want: 'min <= max' });
  const bound = (value: number | undefined): Value | undefined => (value === undefined ? undefined : lift(value, x));
  return clipOp({ input: x, min: bound(min), max: bound(max) }).output;
}

/** @internal */
export const clipCases: OpCase[] = [
  { ins: 'any', domain: [-0.9, 0.9], build: (x) => clip(x, { min: -1, max: 1 }), torch: 'a.clamp(-1, 1)' },
  {
    name: 'outside',
    ins: [
      {
        values: [
          [-3, -1.2, 0.5],
          [0.2, 1.4, 5],
        ],
      },
    ],
    build: (x) => clip(x, { min: -1, max: 1 }),
    torch: 'a.clamp(-1, 1)',
  },
  { name: 'below only', ins: [{ values: [-3, -0.5, 0.5, 2] }], build: (x) => clip(x, { min: 0 }), torch: 'a.clamp(min=0)' },
  { name: 'above only', ins: [{ values: [-3, -0.5, 0.5, 2] }], build: (x) => clip(x, { max: 1 }), torch: 'a.clamp(max=1)' },
  {
    name: 'int32',
    ins: [{ dtype: 'int32', values: [-3, 0, 9] }],
    build: (x) => clip(x, { min: 0, max: 5 }),
    torch: 'a.clamp(0, 5)',
    gradient: false,
  },
];
