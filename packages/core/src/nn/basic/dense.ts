import { fail } from '../../errors.ts';
import { checkOptions } from '../../options.ts';
import { showShape } from '../../tensor/index.ts';
import { type ActivationName, activate, checkActivation } from '../activations.ts';
import type { InitializerLike } from '../init/index.ts';
import { defineLayer } from '../layer.ts';
import type { RegularizerLike } from '../regularizers/index.ts';
import { linear } from './linear.ts';

/** Options of {@link dense}. */
export interface DenseOptions {
  /** Size of the last axis of the output. */
  readonly units: number;
  readonly activation?: ActivationName;
  readonly useBias?: boolean;
  /** 'glorotUniform' unless told. */
  readonly kernelInitializer?: InitializerLike;
  /** 'zeros' unless told. */
  readonly biasInitializer?: InitializerLike;
  readonly kernelRegularizer?: RegularizerLike;
  readonly biasRegularizer?: RegularizerLike;
}

/**
 * Fully connected layer: `y = activation(x W + b)` over the last axis.
 *
 * Shapes: `[batch, ..., in] -> [batch, ..., units]`; parameters `kernel [in, units]`, `bias [units]`.
 * Errors: `bad-value` for units, `shape-mismatch` for an input without a known last axis, `dtype-mismatch` for integers.
 * Source: Keras Dense.
 *
 * @example
 * import { dense, input } from '@stratus/core';
 * const y = dense({ units: 10, activation: 'softmax' })(input({ shape: [784] }));
 * console.log(y.shape); // ['batch', 10]
 */
export const dense = defineLayer<DenseOptions>({
  type: 'Dense',
  mask: 'pass',
  check({ units, activation }) {
    checkOptions('Dense', { units }, { units: 'count' });
    checkActivation(activation);
  },
  build(config, [x], scope) {
    const { units, activation, useBias = true, kernelInitializer = 'glorotUniform', biasInitializer = 'zeros' } = config;
    const features = x!.shape[x!.shape.length - 1];
    if (x!.shape.length < 2 || typeof features !== 'number')
      throw fail('shape-mismatch', {
        what: 'Dense',
        got: `input ${showShape(x!.shape)}`,
        want: '[batch, ..., features] with a known number of features',
        fix: 'Put flatten() or reshape() before it.',
      });
    const kernel = scope.parameter('kernel', [features, units], {
      initializer: kernelInitializer,
      regularizer: config.kernelRegularizer,
    });
    const bias = useBias
      ? scope.parameter('bias', [units], { initializer: biasInitializer, regularizer: config.biasRegularizer })
      : undefined;
    return activate(activation, linear(x!, kernel, bias));
  },
});
