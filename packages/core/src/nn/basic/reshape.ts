import * as ops from '../../ops/index.ts';
import { defineLayer } from '../layer.ts';

/**
 * Each sample in another shape; one size may be -1.
 *
 * Shapes: `[batch, ...S] -> [batch, ...targetShape]`. Errors: `shape-mismatch` when the sizes do not fit.
 * Source: Keras Reshape.
 *
 * @example
 * import { input, reshape } from '@stratus/core';
 * console.log(reshape({ targetShape: [28, -1] })(input({ shape: [784] })).shape); // ['batch', 28, 28]
 */
export const reshape = defineLayer<{ readonly targetShape: readonly number[] }>({
  type: 'Reshape',
  build({ targetShape }, [x]) {
    const sample = x!.shape.slice(1);
    const known = targetShape.reduce((n, d) => (d === -1 ? n : n * d), 1);
    const have = sample.every((d) => typeof d === 'number') ? sample.reduce<number>((n, d) => n * (d as number), 1) : undefined;
    // With the batch known only at run time, -1 is resolved here, from one sample.
    const target = targetShape.map((d) => (d === -1 && have !== undefined && have % known === 0 ? have / known : d));
    return ops.reshape(x!, [x!.shape[0]!, ...target]);
  },
});
