import { fail, StratusError } from '@stratus/core';
import type { Blobs } from '../blobs/index.ts';
import { bestOf, complaintOf, type ParametersOf, type Space } from '../search/index.ts';
import type { RunInfo, Store } from '../store/index.ts';
import { openWorkspace, type Workspace } from '../workspace/index.ts';
import { complete, type FullDefinition, type SweepDefinition } from './definition.ts';
import { begin, type Held } from './hold.ts';
import { reportsOf, type TrialInfo, tags, trialOf, trialRuns, valueMetric } from './records.ts';
import { type LiveTrial, type Trial, trialFor } from './trial.ts';

/** A sweep, what it tries and where it is kept. */
export interface SweepRequest<S extends Space = Space> extends SweepDefinition<S> {
  /** Tries parameters. Gives the value; where it gives none, it is taken from what it reported. What it throws makes the trial a failed one, and the sweep goes on. */
  readonly objective: (parameters: ParametersOf<S>, trial: Trial) => number | undefined | Promise<number | undefined>;
  /** Where runs and files are kept; the one of the current folder. */
  readonly workspace?: Pick<Workspace, 'store' | 'blobs'>;
  /** The key of its run; drawn at random where it is left out. */
  readonly key?: string;
  /** Goes on with an interrupted sweep: that with this key or name; with true the one with the key that is given, else the newest one of the same name, if there is one. */
  readonly resume?: boolean | string;
  /** Stops it after what is under way has been told; it can be resumed. */
  readonly signal?: AbortSignal;
  /** Is called whenever something has happened. */
  readonly onChange?: (progress: SweepProgress) => void;
}

/** How far a sweep is. */
export interface SweepProgress {
  readonly key: string;
  readonly trials: number;
  /** Those begun so far, by number, as they are now. */
  readonly begun: readonly SweepTrial[];
  readonly best: SweepTrial | undefined;
}

/** A trial while its sweep runs. */
export interface SweepTrial extends LiveTrial {
  readonly createdAt: Date;
  finishedAt?: Date | undefined;
  error?: string | undefined;
  attempts: number;
}

/** What a sweep came to. */
export interface SweepResult<S extends Space = Space> {
  readonly key: string;
  readonly name: string;
  readonly trials: readonly (TrialInfo & { readonly parameters: ParametersOf<S> })[];
  /** The finished trial with the best value; undefined where none finished. */
  readonly best: (TrialInfo & { readonly parameters: ParametersOf<S> }) | undefined;
  /** True where it was stopped before its end. */
  readonly stopped: boolean;
}

/**
 * Searches for the parameters with which an objective comes out best. Every trial is a run in the store, with the sweep's run as its parent; so whatever happens to this process, `resume` goes on:
 * finished trials count, those that ran are tried again with the same parameters, and the search continues as if nothing had happened.
 *
 * Trials that fail, or whose value is no finite number, are kept as failed and do not end the sweep.
 *
 * Errors: `bad-value`, `unknown-name`; `conflict` where a sweep to be resumed is another one, or somebody is at work on it; those of the store.
 *
 * @example no-run
 * import { asha, logUniform, sweep, int } from 'stratus';
 * const { best } = await sweep({
 *   space: { learningRate: logUniform(1e-4, 1), units: int(4, 64) },
 *   scheduler: asha(),
 *   trials: 30,
 *   async objective({ learningRate, units }, trial) {
 *     let loss = 1;
 *     for (let epoch = 1; epoch <= 9; epoch++) {
 *       loss = Math.abs(Math.log10(learningRate) + 2) + Math.abs(units - 32) / 32 + 1 / epoch;
 *       await trial.report(epoch, loss);
 *     }
 *     return loss;
 *   },
 * });
 * console.log(best?.parameters);
 */
export async function sweep<const S extends Space>(request: SweepRequest<S>): Promise<SweepResult<S>> {
  const definition = complete(request);
  const workspace = request.workspace ?? (await openWorkspace());
  try {
    return (await run(request as unknown as SweepRequest, definition, workspace)) as unknown as SweepResult<S>;
  } finally {
    if (request.workspace === undefined) await (workspace as Workspace).close();
  }
}

interface Sweeping {
  readonly request: SweepRequest;
  readonly definition: FullDefinition;
  readonly store: Store;
  readonly blobs: Blobs | undefined;
  readonly held: Held;
  /** By number. */
  readonly trials: Map<number, SweepTrial>;
  readonly stop: AbortSignal;
  changed(): void;
}

async function run(
  request: SweepRequest,
  definition: FullDefinition,
  { store, blobs }: Pick<Workspace, 'store' | 'blobs'>,
): Promise<SweepResult> {
  const { goal, trials: count, parallel } = definition;
  const failure = new AbortController(); // of the store: nothing can be kept any more; or somebody else is at work on it
  const which = { resume: request.resume ?? false, key: request.key };
  const held = await begin(store, definition, which, (e) => failure.abort(e));
  const trials = new Map<number, SweepTrial>();
  const stop = request.signal ? AbortSignal.any([request.signal, failure.signal]) : failure.signal;
  const changed = (): void => {
    const begun = [...trials.values()].sort((a, b) => a.number - b.number);
    request.onChange?.({ key: held.key, trials: count, begun, best: bestOf(goal, begun) });
  };
  const sweeping: Sweeping = { request, definition, store, blobs, held, trials, stop, changed };
  let status: 'finished' | 'stopped' | 'failed' = 'failed';
  try {
    const again = await takeUp(sweeping);
    changed();
    const running = new Set<Promise<void>>();
    const next = (): SweepTrial | Promise<SweepTrial | undefined> | undefined =>
      stop.aborted ? undefined : (again.shift() ?? beginNext(sweeping));
    try {
      for (;;) {
        while (running.size < parallel) {
          const trial = await next();
          if (trial === undefined) break;
          const work: Promise<void> = tryOut(sweeping, trial).finally(() => running.delete(work));
          running.add(work);
        }
        if (running.size === 0) break;
        await Promise.race(running);
      }
    } catch (e) {
      failure.abort(e);
      await Promise.allSettled(running);
      throw e;
    }
    failure.signal.throwIfAborted();
    status = stop.aborted ? 'stopped' : 'finished';
  } finally {
    await held.release(status);
  }
  const found = (await trialRuns(store, held.key)).map((info) => trialOf(info, definition));
  return { key: held.key, name: definition.name, trials: found, best: bestOf(goal, found), stopped: status === 'stopped' };
}

/** A trial that takes its sweep's process down with it so often is not tried again. */
const mostLost = 3;

/** Reads what an earlier process of the sweep did. Gives the trials that have to be tried again. */
async function takeUp({ store, definition, held, trials }: Sweeping): Promise<SweepTrial[]> {
  const again: SweepTrial[] = [];
  if (!held.isOld) return again;
  for (const found of await trialRuns(store, held.key)) {
    const info = trialOf(found, definition, await reportsOf(store, found, definition));
    const trial: SweepTrial = { ...info, reports: [...info.reports] };
    trials.set(trial.number, trial);
    if (info.status === 'pruned' && found.status === 'running') await store.runs.finish(found.key, 'stopped');
    // A script's own run ends before its sweep has kept what came of it.
    const isOpen = info.status === 'running' || (info.status === 'finished' && found.metrics[valueMetric] === undefined);
    if (!isOpen) continue;
    trial.status = 'running';
    const lost = Number(found.tags[tags.lost] ?? 0) + (found.status === 'running' ? 1 : 0);
    if (lost >= mostLost) {
      const error = `While it ran, the process of the sweep went away, ${lost} times.`;
      await store.runs.finish(trial.key, 'failed', error);
      Object.assign(trial, { status: 'failed', error });
      continue;
    }
    trial.attempts++;
    trial.reports.length = 0;
    await store.runs.change(trial.key, { tags: { [tags.attempts]: String(trial.attempts), [tags.lost]: String(lost) } });
    await store.runs.seen(trial.key);
    again.push(trial);
  }
  return again;
}

/** Begins the next new trial; undefined where there is none left. */
async function beginNext({ definition, store, held, trials }: Sweeping): Promise<SweepTrial | undefined> {
  const { search, space, goal, seed, trials: count, name } = definition;
  const number = Math.max(0, ...trials.keys()) + 1;
  if (number > count) return undefined;
  const parameters = search.suggest({ space, goal, seed, number, history: [...trials.values()] });
  if (parameters === undefined) return undefined;
  const complaint = complaintOf(space, parameters);
  if (complaint !== undefined)
    throw fail('bad-value', {
      what: `the search '${search.name}'`,
      got: `${JSON.stringify(parameters)}: ${complaint}`,
      want: 'parameters of the space',
    });
  const key = `${held.key}-${number}`; // taken but once: of two processes at the same sweep one is refused
  const made = await store.runs.create({
    key,
    name: `${name} #${number}`,
    parent: held.key,
    params: parameters,
    tags: { [tags.kind]: 'trial', [tags.trial]: String(number) },
    seed,
  });
  const trial: SweepTrial = { number, key, parameters, status: 'running', reports: [], createdAt: made.createdAt, attempts: 1 };
  trials.set(number, trial);
  return trial;
}

const messageOf = (e: unknown): string =>
  (e instanceof Error ? e.message : String(e)).slice(0, 10_000) || 'It failed without a word.';

const keepValue = (store: Store, trial: LiveTrial, value: number): Promise<void> =>
  store.metrics.append(trial.key, [{ name: valueMetric, step: trial.reports.at(-1)?.step ?? 0, value }]);

/** Tries a trial out and keeps what came of it. Rejects only where that cannot be kept. */
async function tryOut(sweeping: Sweeping, live: SweepTrial): Promise<void> {
  const { request, definition, store, blobs, trials, stop, changed } = sweeping;
  const abort = new AbortController();
  const pass = (): void => abort.abort(stop.reason);
  stop.addEventListener('abort', pass);
  if (stop.aborted) pass();
  const others = (): SweepTrial[] => [...trials.values()].filter((other) => other !== live);
  const trial = trialFor(live, {
    store,
    blobs,
    metric: definition.metric,
    abort,
    judge: () => {
      changed();
      return definition.scheduler?.stops({ goal: definition.goal, trial: live, others: others() }) ?? false;
    },
  });
  changed();
  let outcome: { readonly value: number | undefined } | { readonly error: unknown };
  try {
    outcome = { value: await request.objective(live.parameters as never, trial) };
  } catch (error) {
    outcome = { error };
  } finally {
    stop.removeEventListener('abort', pass);
  }
  if (
    StratusError.is((outcome as { error?: unknown }).error) &&
    (outcome as { error: StratusError }).error.code === 'database-failed'
  )
    throw (outcome as { error: unknown }).error;
  await settle(sweeping, live, outcome);
  live.finishedAt = new Date();
  changed();
}

async function settle(
  { definition, store, stop }: Sweeping,
  live: SweepTrial,
  outcome: { readonly value: number | undefined } | { readonly error: unknown },
): Promise<void> {
  const failed = async (error: string): Promise<void> => {
    Object.assign(live, { status: 'failed', error });
    await store.runs.finish(live.key, 'failed', error);
  };
  if (live.status === 'pruned') return await store.runs.finish(live.key, 'stopped');
  if ('error' in outcome) {
    // Who was told to stop and did: tried again when the sweep goes on.
    if (stop.aborted) return await store.runs.finish(live.key, 'stopped');
    return await failed(messageOf(outcome.error));
  }
  const info: RunInfo = await store.runs.get(live.key);
  const { value = trialOf({ ...info, status: 'finished' }, definition).value } = outcome as { value: number | undefined };
  if (value === undefined) return await failed(trialOf({ ...info, status: 'finished' }, definition).error!);
  if (typeof value !== 'number' || !Number.isFinite(value)) return await failed(`The value is ${String(value)}.`);
  await keepValue(store, live, value);
  await store.runs.finish(live.key, 'finished');
  Object.assign(live, { status: 'finished', value });
}
