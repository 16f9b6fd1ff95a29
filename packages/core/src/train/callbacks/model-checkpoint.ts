import { files } from '../../runtime/index.ts';
import type { Callback } from './callback.ts';
import { monitorOf, type MonitorOptions } from './monitor.ts';

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
 * Errors: `unknown-name` when the figure is not in the logs, `file-failed`. Source: Keras ModelCheckpoint.
 *
 * @example
 * import { modelCheckpoint } from '@stratus/core';
 * const best = modelCheckpoint({ path: 'best.onnx', monitor: 'valAccuracy', saveBestOnly: true });
 * console.log(typeof best.onEpochEnd); // function
 */
export function modelCheckpoint({ path, saveBestOnly = false, saveFrequency = 'epoch', keep = 3, ...watch }: ModelCheckpointOptions): Callback {
  const monitor = monitorOf(watch);
  let best = monitor.worst;
  const callback: Callback = {
    async onEpochEnd(run, logs) {
      if (saveFrequency !== 'epoch') return;
      if (saveBestOnly) {
        const value = monitor.read(logs);
        if (!monitor.better(value, best)) return;
        best = value;
      }
      if (path.endsWith('.onnx')) await files.write(path, await run.modelBytes());
      else await run.saveCheckpoint(path, keep);
    },
    async onBatchEnd(run) {
      if (saveFrequency === 'epoch' || run.batch % saveFrequency !== 0) return;
      if (path.endsWith('.onnx')) await files.write(path, await run.modelBytes());
      else await run.saveCheckpoint(path, keep);
    },
    state: () => ({ best: Number.isFinite(best) ? best : null }),
    restore: (state) => {
      best = (state as { best: number | null }).best ?? monitor.worst;
    },
  };
  return callback;
}
