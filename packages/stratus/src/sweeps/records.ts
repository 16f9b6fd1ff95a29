import { fail, nearest } from '@stratus/core';
import { bestOf, type Goal, lossOf, type Observation, parametersIn, type Report } from '../search/index.ts';
import type { RunInfo, Store } from '../store/index.ts';
import { type FullDefinition, keptDefinition } from './definition.ts';
import { isAlive } from './process.ts';

// A sweep is a run, and its trials are the runs that have it as their parent: this file knows how.

/** The tags by which runs of sweeps are known. */
export const tags = {
  kind: 'sweep.kind',
  trial: 'sweep.trial',
  attempts: 'sweep.attempts',
  /** How often the sweep's process went away while it ran. */
  lost: 'sweep.lost',
  /** The step at which a scheduler stopped it. It is written before it is stopped. */
  pruned: 'sweep.pruned',
  /** Who is at work on it. */
  process: 'sweep.process',
  trials: 'sweep.trials',
  parallel: 'sweep.parallel',
} as const;

/** The metric that holds what came out of a trial. */
export const valueMetric = 'sweep/value';

/** A trial of a sweep, as the store has it. */
export interface TrialInfo extends Observation {
  /** The key of its run. */
  readonly key: string;
  readonly createdAt: Date;
  readonly finishedAt: Date | undefined;
  /** Why it failed. */
  readonly error: string | undefined;
  /** How often it was begun. */
  readonly attempts: number;
  /** The newest point of the metric that trials are compared by. */
  readonly latest: Report | undefined;
}

/** A sweep, as the store has it. */
export interface SweepInfo extends Omit<FullDefinition, 'search' | 'scheduler'> {
  readonly key: string;
  readonly search: string;
  readonly scheduler: string | undefined;
  /** 'interrupted': its process is gone, or it was told to stop; it can be resumed. */
  readonly status: 'running' | 'finished' | 'interrupted' | 'failed';
  readonly createdAt: Date;
  readonly finishedAt: Date | undefined;
  readonly trialRuns: readonly TrialInfo[];
  readonly best: TrialInfo | undefined;
}

/** What a finished run says of itself: its own value, else a point of the metric. */
export function valueOf(run: RunInfo, { metric, goal, of }: Pick<FullDefinition, 'metric' | 'goal' | 'of'>): number | undefined {
  const kept = run.metrics[valueMetric];
  if (kept !== undefined) return kept.last.value;
  const found = run.metrics[metric];
  if (found === undefined || of === 'last') return found?.last.value;
  return (goal === 'minimize' ? found.min : found.max)?.value ?? Number.NaN;
}

/** Why a run that ended well has no value. */
export function noValue(run: RunInfo, metric: string): string {
  const known = Object.keys(run.metrics).filter((name) => name !== valueMetric);
  const near = nearest(metric, known);
  return `It ended without a single point of the metric '${metric}'.${near ? ` Did you mean '${near}'?` : ''} Its metrics: ${known.join(', ') || 'none'}.`;
}

function latestOf(run: RunInfo, { metric, steps }: Pick<FullDefinition, 'metric' | 'steps'>): Report | undefined {
  const found = run.metrics[metric];
  return found && (steps === 'given' ? found.last : { step: found.points, value: found.last.value });
}

/** A run of a trial. `reports`: the points of its metric, where they were read. */
export function trialOf(
  run: RunInfo,
  definition: Pick<FullDefinition, 'space' | 'metric' | 'goal' | 'of' | 'steps'>,
  reports: readonly Report[] = [],
): TrialInfo {
  const value = run.status === 'finished' ? valueOf(run, definition) : undefined;
  const isBroken = run.status === 'finished' && !Number.isFinite(value ?? Number.NaN);
  const status =
    run.tags[tags.pruned] !== undefined
      ? 'pruned'
      : run.status === 'failed' || isBroken
        ? 'failed'
        : run.status === 'finished'
          ? 'finished'
          : 'running';
  return {
    number: Number(run.tags[tags.trial]),
    key: run.key,
    parameters: parametersIn(definition.space, run.params),
    status,
    value,
    reports,
    createdAt: run.createdAt,
    finishedAt: run.finishedAt,
    error:
      run.error ?? (isBroken ? (value === undefined ? noValue(run, definition.metric) : `The value is ${value}.`) : undefined),
    attempts: Number(run.tags[tags.attempts] ?? 1),
    latest: latestOf(run, definition),
  };
}

/** All points of a metric, in the order of steps: of a step that was reported twice, the later one. */
export async function reportsOf(
  store: Store,
  run: RunInfo,
  { metric, steps }: Pick<FullDefinition, 'metric' | 'steps'>,
): Promise<Report[]> {
  const count = run.metrics[metric]?.points ?? 0;
  if (count === 0) return [];
  const byStep = new Map<number, Report>();
  for (const { step, value } of await store.metrics.history(run.key, metric, { limit: count })) byStep.set(step, { step, value });
  const sorted = [...byStep.values()].sort((a, b) => a.step - b.step);
  return steps === 'given' ? sorted : sorted.map(({ value }, i) => ({ step: i + 1, value }));
}

const most = 1_000_000;

/** The runs of a sweep's trials, by number. */
export async function trialRuns(store: Store, sweep: string): Promise<readonly RunInfo[]> {
  const runs = await store.runs.list({ parent: sweep, tags: { [tags.kind]: 'trial' }, limit: most });
  return [...runs].sort((a, b) => Number(a.tags[tags.trial]) - Number(b.tags[tags.trial]));
}

function infoOf(run: RunInfo, runs: readonly RunInfo[]): SweepInfo {
  const kept = keptDefinition(run.params);
  const trials = runs.map((trial) => trialOf(trial, kept));
  const held = run.status === 'running' && isAlive(run.tags[tags.process] ?? '', run.isSilent);
  return {
    ...kept,
    key: run.key,
    name: run.name,
    trials: Number(run.tags[tags.trials]),
    parallel: Number(run.tags[tags.parallel]),
    seed: run.seed ?? 0,
    status: run.status === 'finished' || run.status === 'failed' ? run.status : held ? 'running' : 'interrupted',
    createdAt: run.createdAt,
    finishedAt: run.finishedAt,
    trialRuns: trials,
    best: bestOf(kept.goal, trials),
  };
}

/** The sweeps of a project, the newest first. Errors: `database-failed`. */
export async function listSweeps(store: Store, { skip = 0, limit = 100 } = {}): Promise<readonly SweepInfo[]> {
  const runs = await store.runs.list({ tags: { [tags.kind]: 'sweep' }, skip, limit });
  return await Promise.all(runs.map(async (run) => infoOf(run, await trialRuns(store, run.key))));
}

/**
 * A sweep with its trials, by the key of its run or by its name (the newest of that name). Errors: `unknown-name`, `database-failed`.
 *
 * @example no-run
 * import { openWorkspace, readSweep } from 'stratus';
 * const { store, close } = await openWorkspace();
 * const { best } = await readSweep(store, 'digits');
 * console.log(best?.parameters, best?.value);
 * await close();
 */
export async function readSweep(store: Store, sweep: string): Promise<SweepInfo> {
  const run = await sweepRun(store, sweep);
  return infoOf(run, await trialRuns(store, run.key));
}

/** Errors: `unknown-name`. */
export async function sweepRun(store: Store, sweep: string): Promise<RunInfo> {
  const [named] = await store.runs.list({ tags: { [tags.kind]: 'sweep' }, keys: [sweep] });
  if (named !== undefined) return named;
  const runs = await store.runs.list({ tags: { [tags.kind]: 'sweep' }, limit: most });
  const found = runs.find(({ name }) => name === sweep);
  if (found) return found;
  const known = [...new Set(runs.flatMap(({ key, name }) => [name, key]))];
  throw fail('unknown-name', { kind: 'sweep', name: sweep, suggestion: nearest(sweep, known), known: known.slice(0, 20) });
}

/** The better one first; those without a value last. */
export const byValue = (goal: Goal) => (a: Observation, b: Observation) => {
  const [x, y] = [lossOf(goal, a.value), lossOf(goal, b.value)];
  return x === y ? a.number - b.number : x < y ? -1 : 1;
};
