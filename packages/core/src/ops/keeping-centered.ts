import type { Value } from '../graph/index.ts';
import { center } from './center.ts';
import { defineOp } from './define.ts';
import { identityOp } from './identity.ts';

/**
 * The same value, but what comes back to it has its mean over `axes` taken out: how gradient rules name a centered value, whose
 * own cotangent must be centered. ONNX Runtime removes it.
 */
export const keepingCentered = (centered: Value, axes: readonly number[]): Value =>
  defineOp({
    type: 'Identity',
    since: 21,
    inputs: ['input'],
    outputs: ['output'],
    infer: ({ input }) => ({ output: identityOp.op.infer([input], {})[0]! }),
    grad: ({ doutput }) => ({ input: center(doutput, axes).centered }),
  })({ input: centered }).output;
