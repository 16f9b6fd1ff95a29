import { eventFileHeader, eventFileName, scalarEvents } from '../../logs/index.ts';
import { files } from '../../runtime/index.ts';
import type { Logs } from '../logs.ts';
import type { Callback, TrainingRun } from './callback.ts';

/** Options of {@link tensorBoard}. */
export interface TensorBoardOptions {
  /** Folder of the run: `tensorboard --logdir` shows it, or the folder above it with several runs. */
  readonly logDir: string;
  /** 'epoch' unless told, or every so many batches. */
  readonly updateFrequency?: 'epoch' | number;
}

/**
 * Writes figures as TensorBoard event files: training figures into `train/`, validation figures into `validation/`.
 *
 * Errors: `file-failed`. Source: Keras TensorBoard; tensorboard's event.proto.
 *
 * @example
 * import { tensorBoard } from '@stratus/core';
 * const board = tensorBoard({ logDir: 'runs/first' });
 * console.log(typeof board.onEpochEnd); // function
 */
export function tensorBoard({ logDir, updateFrequency = 'epoch' }: TensorBoardOptions): Callback {
  const paths: Record<string, string> = {};
  const write = async (part: string, step: number, scalars: Readonly<Record<string, number>>): Promise<void> => {
    if (Object.keys(scalars).length === 0) return;
    const now = Date.now();
    if (!paths[part]) {
      paths[part] = files.join(logDir, part, eventFileName(now));
      await files.append(paths[part], eventFileHeader(now));
    }
    await files.append(paths[part], scalarEvents(step, scalars, now));
  };
  const tagged = (logs: Logs, prefix: string, validation: boolean): Record<string, number> => {
    const entries = Object.entries(logs).filter(
      ([name, value]) => typeof value === 'number' && /^val[A-Z]/.test(name) === validation,
    );
    return Object.fromEntries(entries.map(([name, value]) => [prefix + (validation ? plainName(name) : name), value as number]));
  };
  return {
    // Only where it is wanted: figures of the epoch so far are not put together for nobody.
    ...(updateFrequency !== 'epoch' && {
      async onBatchEnd(run: TrainingRun, logs: Logs) {
        if (run.step % updateFrequency === 0) await write('train', run.step, tagged(logs, 'batch_', false));
      },
    }),
    async onEpochEnd(run, logs) {
      await write('train', run.epoch, { ...tagged(logs, 'epoch_', false), epoch_learning_rate: run.learningRate });
      await write('validation', run.epoch, tagged(logs, 'epoch_', true));
    },
  };
}

// Both parts of a chart share one tag.
const plainName = (name: string): string => name.charAt(3).toLowerCase() + name.slice(4);
