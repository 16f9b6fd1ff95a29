// What options of fit mean.
import { fail } from '../errors.ts';
import { files } from '../runtime/index.ts';
import type { CheckpointOptions } from './fit.ts';

/** Errors: `bad-value`. */
export function checkedEpochs(epochs: number): number {
  if (!Number.isInteger(epochs) || epochs < 0)
    throw fail('bad-value', { what: 'fit', got: `epochs ${epochs}`, want: 'a whole number of at least 0' });
  return epochs;
}

/** Where and when checkpoints are written. Errors: `bad-value`. */
export function checkpointOf(given: string | CheckpointOptions | undefined): CheckpointOptions | undefined {
  const checkpoint = typeof given === 'string' ? { directory: given } : given;
  const every = checkpoint?.everyBatches;
  if (every !== undefined && !(Number.isInteger(every) && every > 0))
    throw fail('bad-value', { what: 'fit', got: `checkpoint.everyBatches ${every}`, want: 'a positive whole number' });
  return checkpoint;
}

/** The folder to go on from, if there is a checkpoint. Errors: `bad-value`. */
export async function resumeFrom(
  resume: boolean | string | undefined,
  checkpoint: CheckpointOptions | undefined,
): Promise<string | undefined> {
  if (typeof resume === 'string') return resume;
  if (!resume) return undefined;
  if (!checkpoint)
    throw fail('bad-value', { what: 'fit', got: 'resume without a folder', want: "checkpoint: 'folder', or resume: 'folder'" });
  return (await holdsCheckpoint(checkpoint.directory)) ? checkpoint.directory : undefined;
}

// A folder without LATEST may hold whole checkpoints: somebody was killed between the two. Not even one that is damaged may be passed over.
const holdsCheckpoint = async (dir: string): Promise<boolean> =>
  (await files.list(dir)).some((name) => name === 'LATEST' || /^step-\d+(-\d+)?$/.test(name));

/** Aborts when one of them does. */
export function anySignal(...signals: readonly (AbortSignal | undefined)[]): AbortSignal | undefined {
  const given = signals.filter((signal) => signal !== undefined);
  return given.length > 1 ? AbortSignal.any(given) : given[0];
}
