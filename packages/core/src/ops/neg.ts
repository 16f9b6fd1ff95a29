import type { Value } from '../graph/index.ts';
import type { OpCase } from './case.ts';
import { defineOp } from './define.ts';
import { numeric } from './kinds.ts';

/** @internal */
export const negOp = defineOp({
  type: 'Neg',
  since: 13,
  elementwise: 'neg',
  inputs: ['x'],
  outputs: ['y'],
  infer: ({ x }) => ({ y: numeric('Neg', x) }),
  grad: ({ dy }) => ({ x: neg(dy) }),
  simplify: ([x]): Value | undefined => (x!.node?.op === negOp.op ? x!.node.ins[0] : undefined),
  sumSteps({ ins: [x] }, { after }) {
    const sum = after(x!);
    return sum && neg(sum);
  },
});

/**
 * Opposite sign, elementwise: `y = -x`.
 *
 * Shapes: `S -> S`. Dtypes: signed. Source: ONNX Neg-13, torch.neg.
 *
 * @example
 * import { graphInput, ops } from '@stratus/core';
 * console.log(ops.neg(graphInput('x', [2, 3])).shape); // [2, 3]
 */
export const neg = (x: Value): Value => negOp({ x }).y;

/** @internal */
export const negCases: OpCase[] = [{ ins: 'any', build: neg, torch: '-a' }];
