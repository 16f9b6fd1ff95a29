import { type CollateOptions, collate } from './collate.ts';
import { groupStage } from './group.ts';
import type { Stage } from './stage.ts';

/** Options of `Dataset.batch`. */
export interface BatchOptions extends CollateOptions {
  /** Leaves out the last batch where it is smaller; false unless told. */
  readonly dropRemainder?: boolean | undefined;
}

/** `size` records as one: a tensor for each field. */
export const batchStage = <R>(
  source: Stage<R>,
  size: number,
  { dropRemainder = false, ...options }: BatchOptions,
): Stage<unknown> => groupStage(source, size, { dropRemainder, make: (parts, from) => collate(parts, options, from) });
