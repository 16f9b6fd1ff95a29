import { type Info, scoped, type Value } from '../graph/index.ts';
import { isFloat } from '../tensor/index.ts';
import { and } from './and.ts';
import type { OpCase } from './case.ts';
import { cast } from './cast.ts';
import { defineOp } from './define.ts';
import { equal } from './equal.ts';
import { greater } from './greater.ts';
import { numeric } from './kinds.ts';
import { log } from './log.ts';
import { mul } from './mul.ts';
import { not } from './not.ts';
import { reciprocal } from './reciprocal.ts';
import { broadcastShapes, lift, type Operand } from './rules.ts';
import { sqrt } from './sqrt.ts';
import { sub } from './sub.ts';
import { where } from './where.ts';

/** @internal */
export const powOp = defineOp({
  type: 'Pow',
  since: 15,
  inputs: ['x', 'y'],
  outputs: ['z'],
  infer: ({ x, y }) => ({
    z: { dtype: numeric('Pow', x).dtype, shape: broadcastShapes('Pow', x.shape, numeric('Pow', y).shape) },
  }),
  // (x^y)' = y x^(y-1) x' + x^y ln(x) y', where ln(x) is taken as 0 if it has no value.
  grad: ({ x, y, z, dz }) => ({
    x: mul(dz, slope(x, y)),
    y: isFloat(y.dtype) ? cast(mul(dz, mul(z, log(where(greater(x, 0), x, 1)))), y.dtype) : null,
  }),
});

/** The exponent where it is one number known now. */
const numberOf = ({ data }: Info): number | undefined => (data?.size === 1 ? data.item() : undefined);

function slope(x: Value, y: Value): Value {
  const known = numberOf(y);
  if (known !== undefined && known !== 0) return mul(pow(x, known - 1), lift(known, x));
  const exponent = cast(y, x.dtype);
  const bothZero = and(equal(x, 0), equal(exponent, 0)); // there the slope is 0, not 0 · ∞
  return mul(exponent, powOp({ x, y: sub(exponent, cast(not(bothZero), x.dtype)) }).z);
}

// Pow takes more than ten times as long as any of these.
const anyNumber = new Map<number, (x: Value) => Value>([
  [1, (x) => x],
  [2, (x) => mul(x, x)],
  [3, (x) => mul(mul(x, x), x)],
]);
const floatOnly = new Map<number, (x: Value) => Value>([
  [0.5, (x) => sqrt(x)],
  [1.5, (x) => mul(x, sqrt(x))],
  [-0.5, (x) => reciprocal(sqrt(x))],
  [-1, (x) => reciprocal(x)],
  [-1.5, (x) => reciprocal(mul(x, sqrt(x)))],
  [-2, (x) => reciprocal(mul(x, x))],
  [-3, (x) => reciprocal(mul(mul(x, x), x))],
]);

/**
 * Power, elementwise: `a^b`. A number takes the dtype of the other side; as an exponent, the usual ones become products,
 * roots and reciprocals, which are much faster. The slope along `b` is 0 where `a <= 0`.
 *
 * Shapes: any two that broadcast. Dtypes: that of `a`; `b` may have another one.
 * Errors: `shape-mismatch`, `dtype-mismatch` for bool. Source: ONNX Pow-15, torch.pow.
 *
 * @example
 * import { graphInput, ops } from '@stratus/core';
 * const x = graphInput('x', ['batch', 3]);
 * console.log(ops.pow(x, 2).shape); // ['batch', 3]
 */
export function pow(a: Operand, b: Operand): Value {
  if (typeof a !== 'number' && typeof b === 'number') {
    scoped(() => numeric('Pow', a));
    const fast = anyNumber.get(b) ?? (isFloat(a.dtype) ? floatOnly.get(b) : undefined);
    if (fast) return fast(a);
  }
  return powOp({ x: lift(a, b), y: lift(b, a) }).z;
}

/** @internal */
export const powCases: OpCase[] = [
  { ins: 'broadcast', domain: [0.5, 2], build: pow, torch: 'a ** b' },
  ...[0, 1, 2, 3, 4, 0.5, 1.5, 2.5, -0.5, -1, -1.5, -2, -3].map(
    (n): OpCase => ({
      name: `exponent ${n}`,
      ins: 'any',
      domain: [0.5, 2],
      build: (x) => pow(x, n),
      torch: `a ** ${n}`,
    }),
  ),
  { name: 'whole exponents of negatives', ins: 'any', domain: [-2, -0.5], build: (x) => pow(x, 5), torch: 'a ** 5' },
  { name: 'base 2', ins: 'any', build: (x) => pow(2, x), torch: '2 ** a' },
  { name: 'int64 exponents', ins: [[2, 3], { dtype: 'int64', values: [2, 3, 1] }], build: pow, torch: 'a ** b' },
  {
    name: 'edges',
    ins: [{ values: [0, 0, 0, -2, -2, 1e-20] }, { values: [0, 2, 0.5, 3, 0.5, 2] }],
    build: pow,
    torch: 'a ** b',
    gradient: false,
  },
  { name: 'int32', ins: [{ dtype: 'int32', values: [-3, 0, 5] }], build: (x) => pow(x, 2), torch: 'a ** 2', gradient: false },
];
