import type { StepProfile } from '../profile/index.ts';
import type { Callback } from './callbacks/index.ts';

/** What every call of fit takes over from its surroundings: set by the command line, so that a script needs no code for it. */
export interface TrainingDefaults {
  /** Stops training after the present batch; a checkpoint is written where a folder is known. */
  signal?: AbortSignal | undefined;
  /** Shows progress; made anew for each call of fit. */
  progress?: (() => Callback) | undefined;
  /** Watches each fit, also one that shows no progress; made anew for each. */
  watch?: (() => Callback | readonly Callback[]) | undefined;
  /** Where checkpoints go unless the script says otherwise: one folder, or what each fit is given when it asks. */
  checkpoint?: string | (() => string) | undefined;
  /** Goes on from the checkpoint folder, if there is one in it. */
  resume?: boolean | undefined;
  epochs?: number | undefined;
  /** Is told of each model file that was written, by `save` or a callback: where it is. */
  saved?: ((path: string) => void | Promise<void>) | undefined;
  /**
   * Profiles each fit, so many steps, and is told what was found as soon as it is. Such a training is a trial: it begins anew and writes no
   * checkpoints, whatever the script says.
   */
  profile?: { readonly steps: number; found(profile: StepProfile): void | Promise<void> } | undefined;
}

const key = Symbol.for('stratus.training');

/**
 * The defaults of this process; shared by all copies of the package in it.
 *
 * @example
 * import { trainingDefaults } from '@stratus/core';
 * console.log(trainingDefaults().epochs); // undefined
 */
export const trainingDefaults = (): TrainingDefaults => {
  const world = globalThis as unknown as Record<symbol, TrainingDefaults | undefined>;
  world[key] ??= {};
  return world[key];
};
