import { fail } from '../../errors.ts';
import type { Callback } from './callback.ts';
import { type MonitorOptions, monitorOf } from './monitor.ts';

/** Options of {@link reduceLearningRateOnPlateau}. */
export interface ReduceLearningRateOptions extends MonitorOptions {
  /** New rate = rate * factor; 0.1 unless told. */
  readonly factor?: number;
  /** Epochs without improvement before it happens; 10 unless told. */
  readonly patience?: number;
  /** Epochs after a reduction in which nothing counts. */
  readonly cooldown?: number;
  readonly minLearningRate?: number;
}

/**
 * Lowers the learning rate when a figure has not improved for `patience` epochs.
 *
 * Errors: `bad-value` for a factor outside (0, 1), `unknown-name`. Source: Keras ReduceLROnPlateau.
 *
 * @example
 * import { reduceLearningRateOnPlateau } from '@stratus/core';
 * const reduce = reduceLearningRateOnPlateau({ factor: 0.5, patience: 2 });
 * console.log(typeof reduce.onEpochEnd); // function
 */
export function reduceLearningRateOnPlateau(options: ReduceLearningRateOptions = {}): Callback {
  const { factor = 0.1, patience = 10, cooldown = 0, minLearningRate = 0, ...watch } = options;
  if (!(factor > 0 && factor < 1))
    throw fail('bad-value', { what: 'reduceLearningRateOnPlateau', got: `factor ${factor}`, want: 'a number between 0 and 1' });
  const monitor = monitorOf({ minDelta: 1e-4, ...watch });
  let best: number | undefined;
  let waited = 0;
  let cooling = 0;
  let restored = false;
  return {
    name: `reduceLearningRateOnPlateau ${monitor.name}`,
    onTrainBegin() {
      if (!restored) {
        best = undefined;
        waited = cooling = 0;
      }
      restored = false;
    },
    onEpochEnd(run, logs) {
      const value = monitor.read(logs);
      if (cooling > 0) {
        cooling--;
        waited = 0;
      }
      if (monitor.better(value, best, run)) {
        best = value;
        waited = 0;
      } else if (cooling === 0 && ++waited >= patience && run.learningRate > minLearningRate) {
        run.learningRate = Math.max(run.learningRate * factor, minLearningRate);
        cooling = cooldown;
        waited = 0;
      }
    },
    state: () => ({ best: best ?? null, waited, cooling }),
    restore(state) {
      const saved = state as { best: number | null; waited: number; cooling: number };
      best = saved.best ?? undefined;
      ({ waited, cooling } = saved);
      restored = true;
    },
  };
}
