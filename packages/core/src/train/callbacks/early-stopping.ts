import type { Tensor } from '../../tensor/index.ts';
import type { Callback } from './callback.ts';
import { type MonitorOptions, monitorOf } from './monitor.ts';

/** Options of {@link earlyStopping}. */
export interface EarlyStoppingOptions extends MonitorOptions {
  /** Epochs without improvement that are borne; 0 unless told. */
  readonly patience?: number;
  /** Goes back to the weights of the best epoch at the end. */
  readonly restoreBestWeights?: boolean;
  /** Epochs before watching begins. */
  readonly startFromEpoch?: number;
}

/**
 * Stops training when a figure has not improved for `patience` epochs. A resumed run goes on watching where it was, and knows
 * the best weights.
 *
 * Errors: `unknown-name` when the figure is not in the logs. Source: Keras EarlyStopping.
 *
 * @example
 * import { earlyStopping } from '@stratus/core';
 * const stop = earlyStopping({ monitor: 'valAccuracy', patience: 3, restoreBestWeights: true });
 * console.log(typeof stop.onEpochEnd); // function
 */
export function earlyStopping({
  patience = 0,
  restoreBestWeights = false,
  startFromEpoch = 0,
  ...watch
}: EarlyStoppingOptions = {}): Callback {
  const monitor = monitorOf(watch);
  let best: { readonly value: number; readonly epoch: number } | undefined;
  let weights: Readonly<Record<string, Tensor>> | undefined;
  let waited = 0;
  let restored = false;
  return {
    name: `earlyStopping ${monitor.name}`,
    onTrainBegin() {
      if (!restored) {
        best = weights = undefined;
        waited = 0;
      }
      restored = false;
    },
    async onEpochEnd(run, logs) {
      const value = monitor.read(logs);
      if (run.epoch < startFromEpoch) return;
      if (monitor.better(value, best?.value, run)) {
        best = { value, epoch: run.epoch };
        waited = 0;
        if (restoreBestWeights) weights = await run.weights();
      } else if (++waited >= patience) {
        const since = best ? `improve on ${best.value} (epoch ${best.epoch + 1})` : 'become a number';
        run.stop(`${monitor.name} did not ${since} for ${waited} epochs`);
      }
    },
    async onTrainEnd(run) {
      if (weights) await run.setWeights(weights);
    },
    state: () => ({ best: best ?? null, waited }),
    tensors: () => weights ?? {},
    restore(state, tensors) {
      const saved = state as { best: NonNullable<typeof best> | null; waited: number };
      best = saved.best ?? undefined;
      weights = Object.keys(tensors).length > 0 ? tensors : undefined;
      waited = saved.waited;
      restored = true;
    },
  };
}
