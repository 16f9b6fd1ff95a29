import type { Tensor } from '../../tensor/index.ts';
import type { Callback } from './callback.ts';
import { monitorOf, type MonitorOptions } from './monitor.ts';

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
 * Stops training when a figure has not improved for `patience` epochs.
 *
 * Errors: `unknown-name` when the figure is not in the logs. Source: Keras EarlyStopping. With restoreBestWeights a resumed
 * run knows the best figure, and the best weights from the first improvement after resuming on.
 *
 * @example
 * import { earlyStopping } from '@stratus/core';
 * const stop = earlyStopping({ monitor: 'valAccuracy', patience: 3, restoreBestWeights: true });
 * console.log(typeof stop.onEpochEnd); // function
 */
export function earlyStopping({ patience = 0, restoreBestWeights = false, startFromEpoch = 0, ...watch }: EarlyStoppingOptions = {}): Callback {
  const monitor = monitorOf(watch);
  let best = { value: monitor.worst, epoch: -1 };
  let weights: Record<string, Tensor> | undefined;
  let waited = 0;
  return {
    async onEpochEnd(run, logs) {
      const value = monitor.read(logs);
      if (run.epoch < startFromEpoch) return;
      if (monitor.better(value, best.value)) {
        best = { value, epoch: run.epoch };
        waited = 0;
        if (restoreBestWeights) weights = await run.weights();
      } else if (++waited >= patience) {
        run.stop(`${monitor.name} did not improve on ${best.value} (epoch ${best.epoch + 1}) for ${waited} epochs`);
      }
    },
    async onTrainEnd(run) {
      if (weights) await run.setWeights(weights);
    },
    state: () => ({ best: best.epoch < 0 ? null : best, waited }),
    restore(state) {
      const saved = state as { best: typeof best | null; waited: number };
      if (saved.best) best = saved.best;
      waited = saved.waited;
    },
  };
}
