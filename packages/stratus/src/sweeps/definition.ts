import { fail, lookUp } from '@stratus/core';
import {
  checkSpace,
  type Goal,
  namedJson,
  type Scheduler,
  type Search,
  type Space,
  schedulerOf,
  searchOf,
  spaceJson,
  spaceOf,
  tpe,
} from '../search/index.ts';
import type { ParamValue } from '../store/index.ts';

/** What is searched for, where and how. */
export interface SweepDefinition<S extends Space = Space> {
  /** The parameters and what each may be. */
  readonly space: S;
  /** What to try next; `tpe()`. */
  readonly search?: Search;
  /** What to stop early; nothing, unless told. */
  readonly scheduler?: Scheduler | undefined;
  /** The metric of the trials' runs that is reported and compared; 'objective'. */
  readonly metric?: string;
  /** 'minimize' unless told. */
  readonly goal?: Goal;
  /** Which of a metric's points is the value of a trial that names none itself: the last one, or the best one; 'last'. */
  readonly of?: 'last' | 'best';
  /**
   * What the steps of reports are, by which trials are compared on their way: as they are given, or counted, the first report of a trial being step 1, so that epochs of different lengths can be
   * compared. 'given' unless told; `stratus sweep run` counts.
   */
  readonly steps?: 'given' | 'counted';
  /** How many trials, failed ones and those stopped early included. As many as a grid has, else 20. */
  readonly trials?: number;
  /** So many at the same time; 1. */
  readonly parallel?: number;
  readonly seed?: number;
  /** For people; 'sweep' unless told. */
  readonly name?: string;
}

/** A definition with nothing left out. */
export interface FullDefinition extends Required<Omit<SweepDefinition, 'scheduler'>> {
  readonly scheduler: Scheduler | undefined;
}

const goals = { minimize: 'minimize', maximize: 'maximize' } as const;
const stepKinds = { given: 'given', counted: 'counted' } as const;
const picks = { last: 'last', best: 'best' } as const;

const most = 100_000;

function checkCount(name: string, value: unknown): void {
  if (Number.isSafeInteger(value) && (value as number) >= 1 && (value as number) <= most) return;
  throw fail('bad-value', { what: 'sweep', got: `${name} = ${String(value)}`, want: `a whole number from 1 to ${most}` });
}

/** Checks a definition and fills in what it leaves out. Errors: `bad-value`, `unknown-name`. */
export function complete(definition: SweepDefinition): FullDefinition {
  const { space, search = tpe(), scheduler, metric = 'objective', seed = 0, parallel = 1, name = 'sweep' } = definition;
  if (typeof space !== 'object' || space === null)
    throw fail('bad-value', { what: 'sweep', got: `space = ${String(space)}`, want: 'an object of parameters' });
  checkSpace(space);
  const trials = definition.trials ?? search.size?.(space) ?? 20;
  checkCount('trials', trials);
  checkCount('parallel', parallel);
  if (!Number.isSafeInteger(seed))
    throw fail('bad-value', { what: 'sweep', got: `seed = ${String(seed)}`, want: 'a whole number' });
  const goal = lookUp('goal of a sweep', goals, definition.goal ?? 'minimize');
  const of = lookUp('value of a trial', picks, definition.of ?? 'last');
  const steps = lookUp('kind of steps', stepKinds, definition.steps ?? 'given');
  return { space, search, scheduler, metric, goal, of, steps, trials, parallel, seed, name };
}

/**
 * Says what a sweep is, for a file that `stratus sweep run` reads: `export default defineSweep({ … })`.
 *
 * Errors: `bad-value`, `unknown-name`.
 *
 * @example
 * import { choice, defineSweep, logUniform } from 'stratus';
 * const definition = defineSweep({
 *   space: { learningRate: logUniform(1e-5, 1e-1), optimizer: choice('adam', 'sgd') },
 *   metric: 'valLoss',
 *   trials: 50,
 * });
 * console.log(definition.trials); // 50
 */
export function defineSweep<const S extends Space>(definition: SweepDefinition<S>): SweepDefinition<S> {
  complete(definition);
  return definition;
}

const options = {
  metric: true,
  goal: true,
  of: true,
  steps: true,
  trials: true,
  parallel: true,
  seed: true,
  name: true,
} as const;

/** A definition of JSON. Errors: `bad-value`, `unknown-name`. */
export function definitionOf(json: unknown): SweepDefinition {
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw fail('bad-value', {
      what: 'the sweep',
      got: JSON.stringify(json) ?? String(json),
      want: 'an object: { "space": { … }, "metric": "valLoss", "trials": 50 }',
    });
  const { space, search, scheduler, ...rest } = json as Readonly<Record<string, unknown>>;
  for (const name of Object.keys(rest))
    lookUp('option of a sweep', { ...options, space: true, search: true, scheduler: true }, name);
  const definition: SweepDefinition = {
    ...(rest as Omit<SweepDefinition, 'space'>),
    space: spaceOf(space),
    ...(search !== undefined && { search: searchOf(search) }),
    ...(scheduler !== undefined && { scheduler: schedulerOf(scheduler) }),
  };
  complete(definition);
  return definition;
}

/** What a run keeps of a definition: what must be the same when the sweep goes on. */
export const paramsOf = ({ space, search, scheduler, metric, goal, of, steps }: FullDefinition): Record<string, ParamValue> => ({
  space: JSON.stringify(spaceJson(space)),
  search: JSON.stringify(namedJson(search)),
  scheduler: JSON.stringify(scheduler === undefined ? 'none' : namedJson(scheduler)),
  metric,
  goal,
  of,
  steps,
});

/** What is known of a definition from the run that keeps it. */
export interface KeptDefinition extends Pick<FullDefinition, 'space' | 'metric' | 'goal' | 'of' | 'steps'> {
  /** The name. */
  readonly search: string;
  readonly scheduler: string | undefined;
}

/** The name in `{ name: options }`, also of a search of somebody's own. */
const nameIn = (json: unknown): string => (typeof json === 'string' ? json : (Object.keys(json as object)[0] ?? ''));

/** The definition that a run keeps. */
export function keptDefinition(params: Readonly<Record<string, ParamValue>>): KeptDefinition {
  const read = (name: string): unknown => JSON.parse(String(params[name]));
  const scheduler = nameIn(read('scheduler'));
  return {
    space: spaceOf(read('space')),
    search: nameIn(read('search')),
    scheduler: scheduler === 'none' ? undefined : scheduler,
    metric: String(params['metric']),
    goal: params['goal'] as Goal,
    of: params['of'] as 'last' | 'best',
    steps: params['steps'] as 'given' | 'counted',
  };
}
