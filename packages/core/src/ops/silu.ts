import type { Value } from '../graph/index.ts';
import type { OpCase } from './case.ts';
import { mul } from './mul.ts';
import { sigmoid } from './sigmoid.ts';

/**
 * Sigmoid-weighted linear unit (swish), elementwise: `y = x / (1 + e^-x)`.
 *
 * Shapes: `S -> S`. Errors: `dtype-mismatch` for integers. Source: Mul-14 of Sigmoid-13 in ONNX; torch.nn.functional.silu.
 *
 * @example
 * import { graphInput, ops } from '@stratus/core';
 * console.log(ops.silu(graphInput('x', [2, 3])).shape); // [2, 3]
 */
export const silu = (x: Value): Value => mul(x, sigmoid(x));

/** @internal */
export const siluCases: OpCase[] = [{ ins: 'any', domain: [-4, 4], build: silu, torch: 'F.silu(a)' }];
