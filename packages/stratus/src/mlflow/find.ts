import type { ExperimentInfo, PlacedRun, Store } from '../store/index.ts';
import { invalid, missing } from './problem.ts';

/** The number of an experiment; undefined for an id that none of ours has. */
export const experimentNumber = (id: string): number | undefined => (/^(0|[1-9]\d{0,14})$/.test(id) ? Number(id) : undefined);

/** Errors: RESOURCE_DOES_NOT_EXIST. */
export async function experimentOf(store: Store, id: string): Promise<ExperimentInfo> {
  const number = experimentNumber(id);
  if (number === undefined) throw missing(`No Experiment with id=${id.slice(0, 100)} exists: ids are whole numbers here.`);
  return await store.experiments.get(number);
}

/** A run, deleted or not. Errors: RESOURCE_DOES_NOT_EXIST. */
export async function runOf(store: Store, key: string): Promise<PlacedRun> {
  const [found] = await store.experiments.runs({ keys: [key], deleted: 'with' });
  if (found !== undefined) return found;
  await store.runs.get(key); // says what is near
  throw missing(`Run with id=${key} not found.`);
}

/** A run that may be changed. Errors: RESOURCE_DOES_NOT_EXIST, INVALID_PARAMETER_VALUE for one that was deleted. */
export async function activeRun(store: Store, key: string): Promise<PlacedRun> {
  const run = await runOf(store, key);
  if (run.isDeleted) throw invalid(`The run ${key} must be in the 'active' state. Current state is deleted: restore it first.`);
  return run;
}
