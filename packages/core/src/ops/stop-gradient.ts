import type { Value } from '../graph/index.ts';
import type { OpCase } from './case.ts';
import { defineOp } from './define.ts';
import { identityOp } from './identity.ts';

// Identity to ONNX, so it is not in the table of ops: a model that is read back has the other one.
const frozenIdentity = defineOp({
  type: 'Identity',
  since: 21,
  inputs: ['input'],
  outputs: ['output'],
  infer: ({ input }) => ({ output: identityOp.op.infer([input], {})[0]! }),
  grad: 'zero',
  simplify: ([input]) => input, // where nothing is differentiated any more
});

/**
 * The same value, but a constant to `grad`: nothing is differentiated through it.
 *
 * Shapes: `S -> S`. Source: ONNX Identity-21, torch.Tensor.detach, tf.stop_gradient.
 *
 * @example
 * import { grad, graphInput, ops } from '@stratus/core';
 * const x = graphInput('x', [2, 3]);
 * const [dx] = grad(ops.reduceSum(ops.mul(ops.stopGradient(x), x)), [x]); // x, not 2 x
 * console.log(dx!.shape); // [2, 3]
 */
export const stopGradient = (x: Value): Value => frozenIdentity({ input: x }).output;

/** @internal */
export const stopGradientCases: OpCase[] = [{ ins: 'any', build: stopGradient, torch: 'a.detach()', gradient: false }];
