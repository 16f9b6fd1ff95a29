import { checkOptions } from '../../options.ts';
import type { FanAxes } from './fans.ts';
import type { Initializer } from './initializer.ts';
import { scaling } from './variance-scaling.ts';

/** Options of {@link kaimingUniform}. */
export interface KaimingUniformOptions extends FanAxes {
  /** The slope of the leaky ReLU that follows; `sqrt(5)` unless told, as PyTorch's layers have it. */
  readonly a?: number;
}

/**
 * Uniform within `sqrt(6 / ((1 + a^2) fanIn))`. With the default `a = sqrt(5)` that is `1 / sqrt(fanIn)`: the weights of
 * PyTorch's Linear and Conv layers.
 *
 * Errors: `bad-value`, `unknown-name`. Source: torch.nn.init.kaiming_uniform_, torch.nn.Linear.reset_parameters.
 *
 * @example
 * import { initializers, randomKey } from '@stratus/core';
 * const w = initializers.kaimingUniform().make([100, 10], randomKey(7));
 * console.log((w.toArray() as number[][]).flat().every((x) => Math.abs(x) <= 0.1)); // true
 */
export function kaimingUniform({ a = Math.sqrt(5), ...axes }: KaimingUniformOptions = {}): Initializer {
  checkOptions('kaimingUniform', { a }, { a: 'number' });
  return scaling('kaimingUniform', { ...axes, scale: 2 / (1 + a * a), mode: 'fanIn', distribution: 'uniform' }, { a });
}
