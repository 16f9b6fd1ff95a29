import type { Value } from '../graph/index.ts';
import type { OpCase } from './case.ts';
import { cos } from './cos.ts';
import { defineOp } from './define.ts';
import { mul } from './mul.ts';
import { floating } from './rules.ts';

/** @internal */
export const sinOp = defineOp({
  type: 'Sin',
  since: 7,
  inputs: ['x'],
  outputs: ['y'],
  infer: ({ x }) => ({ y: floating('Sin', x) }),
  grad: ({ x, dy }) => ({ x: mul(dy, cos(x)) }),
});

/**
 * Sine, elementwise: `y = sin x`, x in radians.
 *
 * Shapes: `S -> S`. Errors: `dtype-mismatch` for integers. Source: ONNX Sin-7, torch.sin.
 *
 * @example
 * import { graphInput, ops } from '@stratus/core';
 * console.log(ops.sin(graphInput('x', [2, 3])).shape); // [2, 3]
 */
export const sin = (x: Value): Value => sinOp({ x }).y;

/** @internal */
export const sinCases: OpCase[] = [{ ins: 'any', domain: [-6, 6], build: sin, torch: 'torch.sin(a)' }];
