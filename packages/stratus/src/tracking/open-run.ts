import { StratusError } from '@stratus/core';
import type { NewRun, RunChange, RunInfo, Store } from '../store/index.ts';

const codeOf = (e: unknown): string | undefined => (StratusError.is(e) ? e.code : undefined);

async function created(store: Store, key: string, as: NewRun): Promise<boolean> {
  try {
    await store.runs.create({ ...as, key });
    return true;
  } catch (e) {
    if (codeOf(e) !== 'conflict') throw e;
    return false;
  }
}

/** Makes a run, or goes on with the one of that key: it is running again, and has what it had. Errors: those of the store. */
export async function openRun(store: Store, key: string, as: NewRun): Promise<void> {
  if (await created(store, key, as)) return;
  await store.runs.seen(key);
  const { params, tags, environment, code, data, seed } = as;
  const given = { params, tags, environment, code, data, seed };
  await changeRun(store, key, Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)));
}

/**
 * Changes a run. A parameter is what a run began with and stays: where one goes on with another value (more epochs), a tag says so. Errors: those of
 * the store.
 */
export async function changeRun(store: Store, key: string, change: RunChange): Promise<void> {
  try {
    await store.runs.change(key, change);
  } catch (e) {
    if (codeOf(e) !== 'conflict' || change.params === undefined) throw e;
    await store.runs.change(key, besides(await store.runs.get(key), change));
  }
}

function besides({ params: old }: RunInfo, change: RunChange): RunChange {
  const all = Object.entries(change.params ?? {});
  const others = all.filter(([name, value]) => Object.hasOwn(old, name) && old[name] !== value);
  const tags = Object.fromEntries(others.map(([name, value]) => [`resumed with ${name}`, String(value)]));
  return {
    ...change,
    params: Object.fromEntries(all.filter(([name]) => !Object.hasOwn(old, name))),
    tags: { ...change.tags, ...tags },
  };
}
