import type { Value } from '../graph/index.ts';
import type { OpCase } from './case.ts';
import { defineOp } from './define.ts';
import { knownSizes } from './kinds.ts';

/** @internal */
export const identityOp = defineOp({
  type: 'Identity',
  since: 21,
  inputs: ['input'],
  outputs: ['output'],
  infer: ({ input }) => ({ output: { dtype: input.dtype, shape: input.shape, ...knownSizes(input) } }),
  grad: ({ doutput }) => ({ input: doutput }),
  simplify: ([input]) => input,
});

/**
 * The same value: `y = x`. For a result that must have a node of its own, such as an input that is also an output.
 *
 * Shapes: `S -> S`. Source: ONNX Identity-21, torch.nn.Identity.
 *
 * @example
 * import { graphInput, ops } from '@stratus/core';
 * console.log(ops.identity(graphInput('x', [2, 3])).shape); // [2, 3]
 */
export const identity = (x: Value): Value => identityOp({ input: x }).output;

/** @internal */
export const identityCases: OpCase[] = [
  { ins: 'any', build: identity, torch: 'a * 1' },
  { name: 'bool', ins: [{ dtype: 'bool', values: [true, false] }], build: identity, torch: 'a', gradient: false },
];
