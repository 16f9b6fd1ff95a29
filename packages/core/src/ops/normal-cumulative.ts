import { ownDomain, type Value } from '../graph/index.ts';
import type { OpCase } from './case.ts';
import { defineOp } from './define.ts';
import { erf } from './erf.ts';
import { hardSigmoid } from './hard-sigmoid.ts';
import { mul } from './mul.ts';
import { floating } from './rules.ts';

/** @internal */
export const normalCumulativeOp = defineOp({
  type: 'NormalCumulative',
  domain: ownDomain,
  since: 1,
  elementwise: 'normalCumulative',
  inputs: ['x'],
  outputs: ['y'],
  suits: ({ ins: [x] }) => x!.dtype === 'float32',
  infer: ({ x }) => ({ y: floating('NormalCumulative', x) }),
  expand: ({ x }) => ({ y: hardSigmoid(erf(mul(x, Math.SQRT1_2)), { alpha: 0.5, beta: 0.5 }) }), // (1 + erf) / 2 at one go
  grad: 'expanded',
});

/**
 * The standard normal distribution, elementwise: `y = (1 + erf(x / √2)) / 2`.
 *
 * Shapes: `S -> S`. Errors: `dtype-mismatch` for integers.
 *
 * @internal
 */
export const normalCumulative = (x: Value): Value => normalCumulativeOp({ x }).y;

/** @internal */
export const normalCumulativeCases: OpCase[] = [
  {
    ins: 'any',
    build: normalCumulative,
    torch: 'torch.special.ndtr(a)',
    float32: 'no float64 kernel',
  },
];
