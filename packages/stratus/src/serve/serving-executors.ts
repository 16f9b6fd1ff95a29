import { availableParallelism } from 'node:os';
import { createExecutor, type Executor } from '@stratus/core';

/** More sessions of one model cost more memory than they give speed. */
const most = 4;

/** So many runs may be in flight at a time. */
export const servingInstances = Math.min(most, availableParallelism());

const made: (Promise<Executor> | undefined)[] = [];

/**
 * The executors that all served models share, by number from 0. Together they have as many threads as there are processors: one run on one
 * thread each gives more answers a second than one run at a time on all of them (decision 0034).
 */
export function servingExecutor(number: number): Promise<Executor> {
  made[number] ??= createExecutor({ threads: Math.floor(availableParallelism() / servingInstances) }).catch((e: unknown) => {
    made[number] = undefined; // the next call tries again
    throw e;
  });
  return made[number];
}
