import { lookUp } from '../suggest.ts';
import { adadelta } from './adadelta.ts';
import { adagrad } from './adagrad.ts';
import { type AdamOptions, adam } from './adam.ts';
import { adamw } from './adamw.ts';
import { lion } from './lion.ts';
import type { Optimizer } from './optimizer.ts';
import { rmsprop } from './rmsprop.ts';
import { revive, type SavedConfig } from './schedules/index.ts';
import { type SgdOptions, sgd } from './sgd.ts';

export { type AdadeltaOptions, adadelta } from './adadelta.ts';
export { type AdagradOptions, adagrad } from './adagrad.ts';
export { type AdamOptions, adam } from './adam.ts';
export { type AdamwOptions, adamw } from './adamw.ts';
export { type LionOptions, lion } from './lion.ts';
export {
  defineOptimizer,
  learningRateAt,
  type Optimizer,
  type OptimizerOptions,
  type OptimizerSpec,
  type UpdateInputs,
} from './optimizer.ts';
export { type RmspropOptions, rmsprop } from './rmsprop.ts';
export {
  type CosineDecayOptions,
  type CosineDecayRestartsOptions,
  cosineDecay,
  cosineDecayRestarts,
  type ExponentialDecayOptions,
  exponentialDecay,
  isSchedule,
  type OneCycleOptions,
  oneCycle,
  type PiecewiseConstantDecayOptions,
  type PolynomialDecayOptions,
  piecewiseConstantDecay,
  polynomialDecay,
  type SavedConfig,
  type Schedule,
  type StepDecayOptions,
  scheduleFromConfig,
  schedules,
  stepDecay,
  type WarmUpOptions,
  warmUp,
} from './schedules/index.ts';
export { type SgdOptions, sgd } from './sgd.ts';

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
