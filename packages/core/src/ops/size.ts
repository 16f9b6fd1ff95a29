import type { Value } from '../graph/index.ts';
import type { OpCase } from './case.ts';
import { defineOp } from './define.ts';

/** @internal */
export const sizeOp = defineOp({
  type: 'Size',
  since: 21,
  inputs: ['data'],
  outputs: ['size'],
  infer: () => ({ size: { dtype: 'int64', shape: [] } }),
  grad: 'zero',
});

/**
 * How many elements there are, as an int64 scalar.
 *
 * Shapes: `S -> []`. Source: ONNX Size-21, torch.numel.
 *
 * @example
 * import { graphInput, ops } from '@stratus/core';
 * console.log(ops.size(graphInput('x', ['batch', 3])).dtype); // int64
 */
export const size = (x: Value): Value => sizeOp({ data: x }).size;

/** @internal */
export const sizeCases: OpCase[] = [{ ins: [[2, 3]], build: size, torch: 'torch.tensor(a.numel())', gradient: false }];
