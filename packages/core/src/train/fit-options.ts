// What options of fit mean.
import { fail } from '../errors.ts';
import { files } from '../runtime/index.ts';
import type { TrainingDefaults } from './defaults.ts';
import type { CheckpointOptions, Training } from './fit.ts';
import type { FitOptions } from './options.ts';

/** Errors: `bad-value`. */
export function checkedEpochs(epochs: number): number {
  if (!Number.isInteger(epochs) || epochs < 0)
    throw fail('bad-value', { what: 'fit', got: `epochs ${epochs}`, want: 'a whole number of at least 0' });
  return epochs;
}

/**
 * Where a fit writes checkpoints, and what it goes on from: as it was told, or else as its surroundings have it. A trial does neither. Errors:
 * `bad-value`.
 */
export async function checkpointsOf(
  options: Pick<FitOptions, 'checkpoint' | 'resume'>,
  defaults: TrainingDefaults,
): Promise<Checkpoints> {
  if (defaults.profile) return {};
  const { checkpoint: around } = defaults;
  const checkpoint = checkpointOf(options.checkpoint ?? (typeof around === 'function' ? around() : around));
  return { checkpoint, resume: await resumeFrom(options.resume ?? defaults.resume, checkpoint) };
}

type Checkpoints = Pick<Training, 'checkpoint' | 'resume'>;

/** Where and when checkpoints are written. Errors: `bad-value`. */
function checkpointOf(given: string | CheckpointOptions | undefined): CheckpointOptions | undefined {
  const checkpoint = typeof given === 'string' ? { directory: given } : given;
  const every = checkpoint?.everyBatches;
  if (every !== undefined && !(Number.isInteger(every) && every > 0))
    throw fail('bad-value', { what: 'fit', got: `checkpoint.everyBatches ${every}`, want: 'a positive whole number' });
  return checkpoint;
}

/** The folder to go on from, if there is a checkpoint. Errors: `bad-value`. */
async function resumeFrom(
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
