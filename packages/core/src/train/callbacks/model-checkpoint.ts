import { fail } from '../../errors.ts';
import { files } from '../../runtime/index.ts';
import { trainingDefaults } from '../defaults.ts';
import type { Callback, TrainingRun } from './callback.ts';
import { type MonitorOptions, monitorOf } from './monitor.ts';

/** Options of {@link modelCheckpoint}. */
export interface ModelCheckpointOptions extends MonitorOptions {
  /**
   * A file that ends in .onnx: the model alone, replaced each time. Anything else: a folder of whole checkpoints, from which
   * training can be resumed.
   */
  readonly path: string;
  /** Only when the figure is better than ever before. */
  readonly saveBestOnly?: boolean;
  /** 'epoch' unless told, or every so many batches. */
  readonly saveFrequency?: 'epoch' | number;
  /** How many checkpoints stay in a folder; 3 unless told. */
  readonly keep?: number;
}

/**
 * Saves along the way: the best model, or checkpoints to resume from.
 *
 * Errors: `bad-value` for options that cannot go together, `unknown-name` when the figure is not in the logs, `file-failed`. Source: Keras ModelCheckpoint.
 *
 * @example
 * import { modelCheckpoint } from '@stratus/core';
 * const best = modelCheckpoint({ path: 'best.onnx', monitor: 'valAccuracy', saveBestOnly: true });
 * console.log(typeof best.onEpochEnd); // function
 */
export function modelCheckpoint({
  path,
  saveBestOnly = false,
  saveFrequency = 'epoch',
  keep = 3,
  ...watch
}: ModelCheckpointOptions): Callback {
  const what = 'modelCheckpoint';
  if (saveFrequency !== 'epoch' && !(Number.isInteger(saveFrequency) && saveFrequency > 0))
    throw fail('bad-value', {
      what,
      got: `saveFrequency ${saveFrequency}`,
      want: "'epoch', or a positive whole number of batches",
    });
  if (saveFrequency !== 'epoch' && saveBestOnly)
    throw fail('bad-value', {
      what,
      got: `saveBestOnly with saveFrequency ${saveFrequency}`,
      want: "saveFrequency: 'epoch'",
      fix: 'Figures are compared at the end of epochs.',
    });
  const monitor = monitorOf(watch);
  let best: number | undefined;
  const save = async (run: TrainingRun): Promise<void> => {
    if (!path.endsWith('.onnx')) return run.saveCheckpoint(path, keep);
    await files.write(path, await run.modelBytes());
    await trainingDefaults().saved?.(path);
  };
  return {
    name: `modelCheckpoint ${path}`,
    async onEpochEnd(run, logs) {
      if (saveFrequency !== 'epoch') return;
      if (saveBestOnly) {
        const value = monitor.read(logs);
        if (!monitor.better(value, best, run)) return;
        best = value;
      }
      await save(run);
    },
    // Only where it is wanted: figures of the epoch so far are not put together for nobody.
    ...(saveFrequency !== 'epoch' && {
      async onBatchEnd(run: TrainingRun) {
        if (run.batch % saveFrequency === 0) await save(run);
      },
    }),
    state: () => ({ best: best ?? null }),
    restore(state) {
      best = (state as { best: number | null }).best ?? undefined;
    },
  };
}
