import { fail } from '../errors.ts';
import type { Value } from '../graph/index.ts';
import { add, mul, sub } from '../ops/index.ts';
import { checkOptions, type Rule, refuseUnknown } from '../options.ts';
import { as, clipByGlobalNorm, clipByNorm, clipByValue } from './clip.ts';
import { isSchedule, type Schedule, savedRate } from './schedules/schedule.ts';

/** One parameter and all that its update depends on. The learning rate and the scalars are scalar values. */
export interface UpdateInputs {
  readonly parameter: Value;
  readonly gradient: Value;
  readonly slots: Readonly<Record<string, Value>>;
  readonly learningRate: Value;
  readonly scalars: Readonly<Record<string, Value>>;
  /** False for parameters that weight decay shall leave alone (biases, scales of normalisations). */
  readonly decay: boolean;
}

/** How parameters follow their gradients. Pure: it builds graph, and what it remembers lies in slots that the caller keeps. */
export interface Optimizer {
  readonly type: string;
  /** All options as plain JSON; `optimizerFromConfig({ type, config })` gives the optimizer back. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly learningRate: number | Schedule;
  /** Tensors kept for each parameter, of its shape and dtype, filled with this number at first. */
  readonly slots: Readonly<Record<string, number>>;
  /** Scalars that depend on the step only, computed in float64 and fed. `step` counts updates from 1. */
  scalars(step: number): Readonly<Record<string, number>>;
  /** Clipping over all gradients at once, before any update. */
  clip(gradients: readonly Value[]): readonly Value[];
  /** Whether weight decay concerns the parameter of this name. */
  decays(name: string): boolean;
  /** One parameter's update, as graph. */
  update(inputs: UpdateInputs): { readonly parameter: Value; readonly slots: Readonly<Record<string, Value>> };
}

/** What every optimizer can be told. At most one kind of clipping. */
export interface OptimizerOptions {
  /** A number, or a schedule that gives one for each step. */
  readonly learningRate?: number | Schedule;
  /** The factor of the decay of the weights; 0 unless told. */
  readonly weightDecay?: number;
  /** Parameters whose name contains one of these are not decayed: `['bias', 'gamma', 'beta']` is usual. None unless told. */
  readonly excludeFromWeightDecay?: readonly string[];
  /** Clips every element of every gradient into -clipValue..clipValue. */
  readonly clipValue?: number;
  /** Scales every gradient whose norm is larger down to this norm. */
  readonly clipNorm?: number;
  /** Scales all gradients together so that the norm of all of them as one vector is at most this. */
  readonly globalClipNorm?: number;
}

/** What one optimizer says about itself. */
export interface OptimizerSpec<N extends string> {
  readonly type: string;
  /** The common options as given, with the learning rate filled in; also what the caller gave and nobody knows. */
  readonly common: OptimizerOptions & { readonly learningRate: number | Schedule };
  /** Own options, defaults filled in. */
  readonly options: Readonly<Record<N, number | boolean>>;
  readonly rules: Readonly<Record<NoInfer<N>, Rule>>;
  /**
   * 'coupled' (the default): L2, the decay is part of the gradient, `g + weightDecay * p`.
   * 'decoupled': the parameter itself shrinks, `p * (1 - learningRate * weightDecay)`.
   */
  readonly decay?: 'coupled' | 'decoupled';
  readonly slots: Readonly<Record<string, number>>;
  scalars?(step: number): Readonly<Record<string, number>>;
  /** `delta` is subtracted from the parameter. */
  update(inputs: Omit<UpdateInputs, 'parameter' | 'decay'>): {
    readonly delta: Value;
    readonly slots: Readonly<Record<string, Value>>;
  };
}

const clippings = { clipValue: clipByValue, clipNorm: clipByNorm, globalClipNorm: clipByGlobalNorm } as const;
type Clipping = keyof typeof clippings;

/**
 * Makes an optimizer of its rule, and gives it the options that all have in common. ONNX Runtime does not fuse elementwise
 * ops, so every op on a parameter's size is a pass over memory: rules fold factors into scalars and keep running sums
 * instead of running averages where a constant factor is all the difference.
 *
 * Errors: `bad-value` for an option outside its range or two kinds of clipping, `unknown-name` for an unknown option.
 * Source: torch.optim.Optimizer, torch.nn.utils.clip_grad_norm_ and clip_grad_value_; option names of keras.optimizers.Optimizer.
 *
 * @example
 * import { defineOptimizer, ops } from '@stratus/core';
 * const signSgd = (learningRate: number) =>
 *   defineOptimizer({
 *     type: 'signSgd',
 *     common: { learningRate },
 *     options: {},
 *     rules: {},
 *     slots: {},
 *     update: ({ gradient, learningRate: rate }) => ({ delta: ops.mul(ops.sign(gradient), rate), slots: {} }),
 *   });
 * console.log(signSgd(0.1).config); // { learningRate: 0.1, weightDecay: 0 }
 */
export function defineOptimizer<N extends string>(spec: OptimizerSpec<N>): Optimizer {
  const { type, options, rules, slots, decay: kind = 'coupled' } = spec;
  const {
    learningRate,
    weightDecay = 0,
    excludeFromWeightDecay: kept = [],
    clipValue,
    clipNorm,
    globalClipNorm,
    ...unknown
  } = spec.common;
  const all = { clipValue, clipNorm, globalClipNorm };
  const clipping = (Object.keys(all) as Clipping[]).filter((name) => all[name] !== undefined);
  refuseUnknown(type, unknown, [
    'learningRate',
    'weightDecay',
    'excludeFromWeightDecay',
    ...Object.keys(all),
    ...Object.keys(options),
  ]);
  checkOptions(type, options, rules);
  checkOptions(type, { weightDecay }, { weightDecay: 'nonNegative' });
  if (!isSchedule(learningRate)) checkOptions(type, { learningRate }, { learningRate: 'nonNegative' });
  if (!Array.isArray(kept) || !kept.every((part) => typeof part === 'string' && part !== ''))
    throw fail('bad-value', {
      what: type,
      got: `excludeFromWeightDecay = ${JSON.stringify(kept)}`,
      want: "texts: ['bias', 'gamma']",
    });
  for (const name of clipping) checkOptions(type, { [name]: all[name] }, { [name]: 'positive' });
  if (clipping.length > 1)
    throw fail('bad-value', { what: type, got: clipping.join(' and '), want: 'one of clipValue, clipNorm and globalClipNorm' });

  const [how] = clipping;
  return {
    type,
    config: {
      learningRate: savedRate(learningRate),
      ...options,
      weightDecay,
      ...(kept.length > 0 && { excludeFromWeightDecay: kept }),
      ...(how && { [how]: all[how] }),
    },
    learningRate,
    slots,
    scalars: (step) => spec.scalars?.(step) ?? {},
    clip: (gradients) => (how ? clippings[how](gradients, all[how]!) : gradients),
    decays: (name) => !kept.some((part) => name.includes(part)),
    update({ parameter, gradient, slots: before, learningRate: rate, scalars, decay }) {
      const local = (x: Value): Value => as(x, parameter.dtype);
      const learningRate = local(rate);
      const decays = decay && weightDecay !== 0;
      const { delta, slots: after } = spec.update({
        gradient: decays && kind === 'coupled' ? add(gradient, mul(parameter, weightDecay)) : gradient,
        slots: before,
        learningRate,
        scalars: Object.fromEntries(Object.entries(scalars).map(([name, x]) => [name, local(x)])),
      });
      const shrunk = decays && kind === 'decoupled' ? mul(parameter, sub(1, mul(learningRate, weightDecay))) : parameter;
      return { parameter: sub(shrunk, delta), slots: after };
    },
  };
}

/**
 * The learning rate of the update that comes after `step` others: 0 for the first one.
 *
 * @example
 * import { adam, learningRateAt, warmUp } from '@stratus/core';
 * const optimizer = adam({ learningRate: warmUp({ schedule: 0.001, steps: 10 }) });
 * console.log(learningRateAt(optimizer, 5), learningRateAt(adam(), 5)); // 0.0005 0.001
 */
export const learningRateAt = ({ learningRate }: Pick<Optimizer, 'learningRate'>, step: number): number =>
  typeof learningRate === 'number' ? learningRate : learningRate.at(step);
