import { lookUp } from '../suggest.ts';
import { adadelta } from './adadelta.ts';
import { adagrad } from './adagrad.ts';
import { adam, type AdamOptions } from './adam.ts';
import { adamw } from './adamw.ts';
import { lion } from './lion.ts';
import type { Optimizer } from './optimizer.ts';
import { rmsprop } from './rmsprop.ts';
import { revive, type SavedConfig } from './schedules/index.ts';
import { sgd, type SgdOptions } from './sgd.ts';

export { adadelta, type AdadeltaOptions } from './adadelta.ts';
export { adagrad, type AdagradOptions } from './adagrad.ts';
export { adam, type AdamOptions } from './adam.ts';
export { adamw, type AdamwOptions } from './adamw.ts';
export { lion, type LionOptions } from './lion.ts';
export {
  defineOptimizer,
  learningRateAt,
  type Optimizer,
  type OptimizerOptions,
  type OptimizerSpec,
  type UpdateInputs,
} from './optimizer.ts';
export { rmsprop, type RmspropOptions } from './rmsprop.ts';
export {
  cosineDecay,
  cosineDecayRestarts,
  exponentialDecay,
  isSchedule,
  oneCycle,
  piecewiseConstantDecay,
  polynomialDecay,
  scheduleFromConfig,
  schedules,
  stepDecay,
  warmUp,
  type CosineDecayOptions,
  type CosineDecayRestartsOptions,
  type ExponentialDecayOptions,
  type OneCycleOptions,
  type PiecewiseConstantDecayOptions,
  type PolynomialDecayOptions,
  type SavedConfig,
  type Schedule,
  type StepDecayOptions,
  type WarmUpOptions,
} from './schedules/index.ts';
export { sgd, type SgdOptions } from './sgd.ts';

/** All optimizers by name. `momentum`, `nesterov` and `amsgrad` are settings of others that have names of their own. */
export const optimizers = {
  sgd,
  momentum: (options: SgdOptions = {}): Optimizer => sgd({ momentum: 0.9, ...options }),
  nesterov: (options: SgdOptions = {}): Optimizer => sgd({ momentum: 0.9, nesterov: true, ...options }),
  adagrad,
  rmsprop,
  adam,
  amsgrad: (options: AdamOptions = {}): Optimizer => adam({ amsgrad: true, ...options }),
  adamw,
  adadelta,
  lion,
} as const;

/** The names that `compile` takes. */
export type OptimizerName = keyof typeof optimizers;

/**
 * The optimizer of this name, with its defaults; an optimizer as it is.
 *
 * Errors: `unknown-name` with a did-you-mean. Source: keras.optimizers.get.
 *
 * @example
 * import { resolveOptimizer } from '@stratus/core';
 * console.log(resolveOptimizer('momentum').config['momentum']); // 0.9
 */
export const resolveOptimizer = (optimizer: OptimizerName | Optimizer): Optimizer =>
  typeof optimizer === 'string' ? lookUp<() => Optimizer>('optimizer', optimizers, optimizer)() : optimizer;

/**
 * The optimizer that was saved as `{ type, config }`.
 *
 * Errors: `unknown-name` for the type or an option, `bad-value`. Source: keras.optimizers.deserialize.
 *
 * @example
 * import { adam, optimizerFromConfig } from '@stratus/core';
 * const { type, config } = adam({ beta2: 0.99 });
 * console.log(optimizerFromConfig({ type, config }).config['beta2']); // 0.99
 */
export const optimizerFromConfig = ({ type, config }: SavedConfig): Optimizer =>
  lookUp<(options: never) => Optimizer>('optimizer', optimizers, type)(revive(config) as never); // which checks what it is given
