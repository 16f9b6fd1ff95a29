import { fail } from '@stratus/core';
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

/** How often the store hears that somebody is at work. */
const everyMs = 15_000;

/** Begins a sweep, or takes up an old one. Errors: `unknown-name`, `conflict`, `database-failed`. */
export async function begin(store: Store, definition: FullDefinition, resume: boolean | string): Promise<Held> {
  const old = await oldRun(store, definition, resume);
  const { trials, parallel, name, seed } = definition;
  const now = { [tags.process]: identityOf(process.pid), [tags.trials]: String(trials), [tags.parallel]: String(parallel) };
  if (old !== undefined) {
    checkSame(old, definition);
    if (old.status === 'running' && isAlive(old.tags[tags.process] ?? '', old.seenAt))
      throw fail('conflict', {
        what: `The sweep '${old.name}' (${old.key})`,
        reason: `is at work in another process (${old.tags[tags.process]})`,
        fix: 'Wait for it, or stop that process first.',
      });
    for (const run of await trialRuns(store, old.key)) {
      const left = run.tags[tags.process];
      if (left !== undefined && run.status === 'running') await stopProcess(left);
    }
    await store.runs.change(old.key, { tags: now });
    await store.runs.seen(old.key);
  }
  const { key } =
    old ?? (await store.runs.create({ name, params: paramsOf(definition), tags: { [tags.kind]: 'sweep', ...now }, seed }));
  let sign: Promise<void> = Promise.resolve();
  const timer = setInterval(() => {
    sign = store.runs.seen(key).catch(() => {}); // the trials' own writing says what is wrong
  }, everyMs);
  timer.unref();
  return {
    key,
    isOld: old !== undefined,
    async release(status) {
      clearInterval(timer);
      await sign;
      await store.runs.finish(key, status).catch((e: unknown) => {
        if (status !== 'failed') throw e; // else what failed before says more
      });
    },
  };
}

async function oldRun(store: Store, { name }: FullDefinition, resume: boolean | string): Promise<RunInfo | undefined> {
  if (resume === false) return undefined;
  if (typeof resume === 'string') return await sweepRun(store, resume);
  const sweeps = await store.runs.list({ tags: { [tags.kind]: 'sweep' }, limit: 10_000 });
  return sweeps.find((run) => run.name === name);
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
