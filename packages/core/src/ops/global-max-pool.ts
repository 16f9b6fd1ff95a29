import { constant, type Value } from '../graph/index.ts';
import { full, productOf } from '../tensor/index.ts';
import { argMax } from './arg-max.ts';
import type { OpCase } from './case.ts';
import { defineOp } from './define.ts';
import { expandLike } from './expand.ts';
import { pooledWhole } from './pool-window.ts';
import { reshape, reshapeLike } from './reshape.ts';
import { scatterAdd } from './scatter-add.ts';

/** @internal */
export const globalMaxPoolOp = defineOp({
  type: 'GlobalMaxPool',
  since: 1,
  inputs: ['x'],
  outputs: ['y'],
  infer: ({ x }) => ({ y: pooledWhole('GlobalMaxPool', x) }),
  grad({ x, dy }) {
    const flat = (v: Value): Value => reshape(v, [...v.shape.slice(0, 2), productOf(v.shape.slice(2))]);
    const largest = argMax(flat(x), { axis: 2, keepDims: true });
    const zeros = flat(expandLike(constant(full([], 0, x.dtype)), x));
    return { x: reshapeLike(scatterAdd(zeros, largest, flat(dy), { axis: 2 }), x) };
  },
});

/**
 * Largest element over all axes but batch and channels. Of elements that tie, the first one gets the gradient.
 *
 * Shapes: `[batch, channels, ...S] -> [batch, channels, 1, ...]`; float32 only. Errors: `shape-mismatch`.
 * Source: ONNX GlobalMaxPool-1, torch.nn.functional.adaptive_max_pool2d(x, 1).
 *
 * @example
 * import { graphInput, ops } from '@stratus/core';
 * console.log(ops.globalMaxPool(graphInput('x', ['batch', 8, 7, 7])).shape); // ['batch', 8, 1, 1]
 */
export const globalMaxPool = (x: Value): Value => globalMaxPoolOp({ x }).y;

const float32 = 'ONNX Runtime has no float64 kernel';

/** @internal */
export const globalMaxPoolCases: OpCase[] = [
  { name: 'one axis', ins: [[2, 3, 4]], build: (x) => globalMaxPool(x), torch: 'F.adaptive_max_pool1d(a, 1)', float32 },
  { ins: [[2, 3, 4, 5]], build: (x) => globalMaxPool(x), torch: 'F.adaptive_max_pool2d(a, 1)', float32 },
  { ins: [[2, 1, 2, 3, 2]], build: (x) => globalMaxPool(x), torch: 'F.adaptive_max_pool3d(a, 1)', float32 },
  {
    name: 'ties',
    ins: [{ values: [[[1, 3, 3]]] }],
    build: (x) => globalMaxPool(x),
    torch: 'F.adaptive_max_pool1d(a, 1)',
    float32,
  },
];
