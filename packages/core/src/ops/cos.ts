import type { Value } from '../graph/index.ts';
import type { OpCase } from './case.ts';
import { defineOp } from './define.ts';
import { mul } from './mul.ts';
import { neg } from './neg.ts';
import { floating } from './rules.ts';
import { sin } from './sin.ts';

/** @internal */
export const cosOp = defineOp({
  type: 'Cos',
  since: 7,
  inputs: ['x'],
  outputs: ['y'],
  infer: ({ x }) => ({ y: floating('Cos', x) }),
  grad: ({ x, dy }) => ({ x: neg(mul(dy, sin(x))) }),
});

/**
 * Cosine, elementwise: `y = cos x`, x in radians.
 *
 * Shapes: `S -> S`. Errors: `dtype-mismatch` for integers. Source: ONNX Cos-7, torch.cos.
 *
 * @example
 * import { graphInput, ops } from '@stratus/core';
 * console.log(ops.cos(graphInput('x', [2, 3])).shape); // [2, 3]
 */
export const cos = (x: Value): Value => cosOp({ x }).y;

/** @internal */
export const cosCases: OpCase[] = [{ ins: 'any', domain: [-6, 6], build: cos, torch: 'torch.cos(a)' }];
