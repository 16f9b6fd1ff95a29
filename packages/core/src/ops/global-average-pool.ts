import type { Value } from '../graph/index.ts';
import type { OpCase } from './case.ts';
import { countOf } from './count-of.ts';
import { defineOp } from './define.ts';
import { div } from './div.ts';
import { expandLike } from './expand.ts';
import { pooledWhole } from './pool-window.ts';

/** @internal */
export const globalAveragePoolOp = defineOp({
  type: 'GlobalAveragePool',
  since: 1,
  inputs: ['x'],
  outputs: ['y'],
  infer: ({ x }) => ({ y: pooledWhole('GlobalAveragePool', x) }),
  grad: ({ x, dy }) => ({ x: expandLike(div(dy, countOf(x, x.shape.map((_, axis) => axis).slice(2))), x) }),
});

/**
 * Mean over all axes but batch and channels.
 *
 * Shapes: `[batch, channels, ...S] -> [batch, channels, 1, ...]`; float32 only. Errors: `shape-mismatch`.
 * Source: ONNX GlobalAveragePool-1, torch.nn.functional.adaptive_avg_pool2d(x, 1).
 *
 * @example
 * import { graphInput, ops } from '@stratus/core';
 * console.log(ops.globalAveragePool(graphInput('x', ['batch', 8, 7, 7])).shape); // ['batch', 8, 1, 1]
 */
export const globalAveragePool = (x: Value): Value => globalAveragePoolOp({ x }).y;

const float32 = 'ONNX Runtime has no float64 kernel';

/** @internal */
export const globalAveragePoolCases: OpCase[] = [
  { ins: [[2, 3, 4]], build: (x) => globalAveragePool(x), torch: 'F.adaptive_avg_pool1d(a, 1)', float32 },
  { ins: [[2, 3, 4, 5]], build: (x) => globalAveragePool(x), torch: 'F.adaptive_avg_pool2d(a, 1)', float32 },
  { ins: [[2, 1, 2, 3, 2]], build: (x) => globalAveragePool(x), torch: 'F.adaptive_avg_pool3d(a, 1)', float32 },
];
