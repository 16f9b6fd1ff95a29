import { fail } from '../../errors.ts';
import { cast, concat } from '../../ops/index.ts';
import { defineLayer } from '../layer.ts';

/**
 * Columns of all kinds side by side as float32: what a dense layer wants. What `Model.preprocess` ends with.
 *
 * Shapes: one or more `[..., n_i]` to `[..., sum of n_i]` float32. Errors: `shape-mismatch`.
 *
 * @example
 * import { features, input } from '@stratus/core';
 * const y = features({})([input({ shape: [1], dtype: 'float64' }), input({ shape: [3], dtype: 'bool' })]);
 * console.log(y.shape, y.dtype); // ['batch', 4] float32
 */
export const features = defineLayer<object>({
  type: 'Features',
  inputs: [1, Number.POSITIVE_INFINITY],
  build(_, inputs) {
    const text = inputs.find(({ dtype }) => dtype === 'string');
    if (text) throw fail('dtype-mismatch', { what: 'features', got: 'string', want: 'numbers' });
    const columns = inputs.map((x) => (x.dtype === 'float32' ? x : cast(x, 'float32')));
    return columns.length === 1 ? columns[0]! : concat(columns, { axis: -1 });
  },
});
