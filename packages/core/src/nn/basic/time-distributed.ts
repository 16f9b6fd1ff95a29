import { fail } from '../../errors.ts';
import { dimsOf, reshape, reshapeOp } from '../../ops/index.ts';
import { mulDims, showShape } from '../../tensor/index.ts';
import { defineLayer, type Layer, type LayerOutput } from '../layer.ts';
import { asAllowed } from '../nested-scope.ts';

/** Options of {@link timeDistributed}. */
export interface TimeDistributedOptions {
  /** What is done with every step. */
  readonly layer: Layer<LayerOutput>;
}

/**
 * Applies a layer to every step of a sequence, with the same weights. (`dense` and everything elementwise do so by themselves.)
 *
 * Shapes: `[batch, steps, ...S] -> [batch, steps, ...T]`, where the layer makes `[n, ...T]` of `[n, ...S]`. The mask of the
 * input is passed on.
 * Errors: `shape-mismatch` for fewer than three axes, `bad-value` for an option that is no layer or one with several outputs; the
 * layer's own. Source: Keras TimeDistributed.
 *
 * @example
 * import { flatten, input, timeDistributed } from '@stratus/core';
 * const x = input({ shape: [20, 4, 4] });
 * console.log(timeDistributed({ layer: flatten() })(x).shape); // ['batch', 20, 16]
 */
export const timeDistributed = defineLayer<TimeDistributedOptions>({
  type: 'TimeDistributed',
  mask: 'pass',
  check: ({ layer }) => checkLayer('TimeDistributed', layer),
  build({ layer }, [x], scope) {
    const [batch, steps, ...sample] = x!.shape;
    if (sample.length === 0)
      throw fail('shape-mismatch', {
        what: 'TimeDistributed',
        got: `input ${showShape(x!.shape)}`,
        want: '[batch, steps, ...]',
      });
    const rows = reshape(x!, [mulDims(batch!, steps!), ...sample]);
    const [y, ...more] = layer.build([rows], { ...asAllowed(scope, layer), masks: [] });
    if (!y || more.length > 0)
      throw fail('bad-value', { what: 'TimeDistributed', got: `a layer with ${more.length + 1} outputs`, want: 'one' });
    const shape = [batch!, steps!, ...y.shape.slice(1)];
    if (typeof steps === 'number') return reshape(y, shape);
    return reshapeOp({ data: y, shape: dimsOf(shape, x!) }, { allowzero: 1 }).reshaped;
  },
});

/** Throws unless an option is a layer. */
export function checkLayer(what: string, layer: unknown): void {
  if (typeof layer !== 'function' || !('build' in layer))
    throw fail('bad-value', { what, got: `layer = ${typeof layer}`, want: 'a layer, such as lstm({ units: 8 })' });
}
