import { randomUUID } from 'node:crypto';
import { fail, StratusError } from '@stratus/core';
import type { RunInfo, Store } from '../store/index.ts';
import { type FullDefinition, paramsOf } from './definition.ts';
import { identityOf, isAlive, stopProcess } from './process.ts';
import { sweepRun, tags, trialRuns } from './records.ts';

/** A sweep that this process is at work on, and nobody else. */
export interface Held {
  readonly key: string;
  /** True where somebody has worked on it before. */
  readonly isOld: boolean;
  release(status: 'finished' | 'stopped' | 'failed'): Promise<void>;
}

/** Which sweep is meant. */
export interface Which {
  readonly resume: boolean | string;
  /** The key of its run, where it is not to be drawn. */
  readonly key: string | undefined;
}

/** How often the store hears that somebody is at work. */
const everyMs = 15_000;

/** Begins a sweep, or takes up an old one. `onLost`: somebody else has taken it, since nothing was heard from here for long. Errors: `unknown-name`, `conflict`, `bad-value`, `database-failed`. */
export async function begin(
  store: Store,
  definition: FullDefinition,
  which: Which,
  onLost: (error: unknown) => void,
): Promise<Held> {
  const { trials, parallel, name, seed } = definition;
  // With a word of its own: also two sweeps of one process are two.
  const process_ = `${identityOf(process.pid)} ${randomUUID()}`;
  const now = { [tags.process]: process_, [tags.trials]: String(trials), [tags.parallel]: String(parallel) };
  const make = async (): Promise<string | undefined> => {
    const run = { name, params: paramsOf(definition), tags: { [tags.kind]: 'sweep', ...now }, seed };
    try {
      return (await store.runs.create({ ...run, ...(which.key !== undefined && { key: which.key }) })).key;
    } catch (e) {
      if (which.key !== undefined && which.resume === true && StratusError.is(e) && e.code === 'conflict') return undefined;
      throw e;
    }
  };
  let old = await oldRun(store, definition, which);
  const made = old === undefined ? await make() : undefined;
  if (old === undefined && made === undefined) old = await sweepRun(store, which.key!); // somebody made it just now
  const key = made ?? old!.key;
  if (old !== undefined) await takeUp(store, old, definition, now);
  let isLost = false;
  let sign: Promise<unknown> = Promise.resolve();
  const timer = setInterval(() => {
    sign = store.runs.change(key, {}, { where: { [tags.process]: process_ } }).catch((e: unknown) => {
      if (!StratusError.is(e) || e.code !== 'conflict') return; // the trials' own writing says what is wrong
      isLost = true;
      onLost(e);
    });
  }, everyMs);
  timer.unref();
  return {
    key,
    isOld: old !== undefined,
    async release(status) {
      clearInterval(timer);
      await sign;
      if (isLost) return;
      await store.runs.finish(key, status).catch((e: unknown) => {
        if (status !== 'failed') throw e; // else what failed before says more
      });
    },
  };
}

/** Takes up an old sweep, if nobody is at work on it: of several that try at once, one succeeds. Errors: `conflict`, `database-failed`. */
async function takeUp(
  store: Store,
  old: RunInfo,
  definition: FullDefinition,
  now: Readonly<Record<string, string>>,
): Promise<void> {
  checkSame(old, definition);
  const before = old.tags[tags.process] ?? null;
  if (old.status === 'running' && isAlive(before ?? '', old.isSilent)) throw busy(old, before);
  try {
    // In one: who found it taken up and yet interrupted would take it up once more.
    await store.runs.change(old.key, { tags: now }, { where: { [tags.process]: before }, isRunning: true });
  } catch (e) {
    if (!StratusError.is(e) || e.code !== 'conflict') throw e;
    throw busy(old, (await store.runs.get(old.key)).tags[tags.process] ?? null);
  }
  for (const run of await trialRuns(store, old.key)) {
    const left = run.tags[tags.process];
    if (left !== undefined && run.status === 'running') await stopProcess(left);
  }
}

const busy = (old: RunInfo, by: string | null): StratusError =>
  fail('conflict', {
    what: `The sweep '${old.name}' (${old.key})`,
    reason: `is at work in another process (${by?.split(' ').slice(0, 3).join(' ')})`,
    fix: 'Wait for it, or stop that process first.',
  });

async function oldRun(store: Store, { name }: FullDefinition, { resume, key }: Which): Promise<RunInfo | undefined> {
  if (resume === false) return undefined;
  if (typeof resume === 'string') return await sweepRun(store, resume);
  const sweeps = await store.runs.list({
    tags: { [tags.kind]: 'sweep' },
    limit: 10_000,
    ...(key !== undefined && { keys: [key] }),
  });
  return sweeps.find((run) => key !== undefined || run.name === name);
}

/** Errors: `conflict` where the old sweep searches for something else. */
function checkSame(old: RunInfo, definition: FullDefinition): void {
  const wanted: Readonly<Record<string, unknown>> = { ...paramsOf(definition), seed: definition.seed };
  const found: Readonly<Record<string, unknown>> = { ...old.params, seed: old.seed ?? 0 };
  for (const [name, value] of Object.entries(wanted))
    if (found[name] !== value)
      throw fail('conflict', {
        what: `The sweep '${old.name}' (${old.key})`,
        reason: `has another ${name}: ${String(found[name])}, and not ${String(value)}`,
        fix: 'Its trials cannot be compared with new ones. Begin another sweep, or set that as it was.',
      });
}
