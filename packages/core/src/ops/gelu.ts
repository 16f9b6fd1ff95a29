import { fail } from '../errors.ts';
import type { Value } from '../graph/index.ts';
import { add } from './add.ts';
import type { OpCase } from './case.ts';
import { defineOp } from './define.ts';
import { exp } from './exp.ts';
import { mul } from './mul.ts';
import { normalCumulative } from './normal-cumulative.ts';
import { floating } from './rules.ts';
import { sub } from './sub.ts';
import { tanh } from './tanh.ts';

/** @internal */
export const geluOp = defineOp({
  type: 'Gelu',
  since: 20,
  inputs: ['x'],
  outputs: ['y'],
  attrs: { approximate: { kind: 'string', default: 'none' } },
  infer: ({ x }) => ({ y: floating('Gelu', x) }),
  grad: ({ x, dy }, { approximate }) => ({ x: mul(dy, approximate === 'tanh' ? slopeOfTanhForm(x) : slope(x)) }),
});

/** y = x Φ(x), so y' = Φ(x) + x φ(x), with Φ and φ the standard normal distribution and its density. */
function slope(x: Value): Value {
  const bell = exp(mul(mul(x, -0.5), x));
  return add(normalCumulative(x), mul(mul(x, bell), 1 / Math.sqrt(2 * Math.PI)));
}

/** y = x (1 + t) / 2 with t = tanh(c (x + k x³)), so y' = (1 + t) / 2 + x / 2 (1 - t²) c (1 + 3 k x²). */
function slopeOfTanhForm(x: Value): Value {
  const [c, k] = [Math.sqrt(2 / Math.PI), 0.044715];
  const square = mul(x, x);
  const t = tanh(mul(x, add(mul(square, c * k), c)));
  const inner = add(mul(square, (3 * c * k) / 2), c / 2);
  return add(mul(add(t, 1), 0.5), mul(mul(x, inner), sub(1, mul(t, t))));
}

/** How {@link gelu} is called. */
export interface GeluOptions {
  /** `'none'`: exact, by the error function. `'tanh'`: the approximation that GPT-2 was trained with. */
  readonly approximate?: 'none' | 'tanh';
}

/**
 * Gaussian error linear unit, elementwise: `y = x Φ(x)`, Φ the standard normal distribution; or its approximation
 * `y = x/2 (1 + tanh(√(2/π) (x + 0.044715 x³)))`.
 *
 * Shapes: `S -> S`. Errors: `dtype-mismatch` for integers, `bad-value` for another approximation.
 * Source: ONNX Gelu-20, torch.nn.functional.gelu; Hendrycks and Gimpel, Gaussian Error Linear Units (2016).
 *
 * @example
 * import { graphInput, ops } from '@stratus/core';
 * console.log(ops.gelu(graphInput('x', [2, 3]), { approximate: 'tanh' }).shape); // [2, 3]
 */
export function gelu(x: Value, { approximate = 'none' }: GeluOptions = {}): Value {
  if (approximate !== 'none' && approximate !== 'tanh')
    throw fail('bad-value', { what: 'Gelu', got: `approximate: '${String(approximate)}'`, want: "'none' or 'tanh'" });
  return geluOp({ x }, { approximate }).y;
}

/** @internal */
export const geluCases: OpCase[] = [
  { name: 'exact', ins: 'any', domain: [-3, 3], build: (x) => gelu(x), torch: 'F.gelu(a)', float32: 'no float64 kernel' },
  {
    name: 'tanh',
    ins: 'any',
    domain: [-3, 3],
    build: (x) => gelu(x, { approximate: 'tanh' }),
    torch: "F.gelu(a, approximate='tanh')",
    float32: 'ONNX Runtime calculates with constants rounded to float32, also in float64',
  },
];
