import { foldIn, uniforms } from '@stratus/core';
import { checkWhole } from './check.ts';
import type { Domain, Value } from './domain.ts';
import { type Goal, lossOf, type Observation } from './observation.ts';
import { parzen } from './parzen.ts';
import { drawAll, trialKey } from './random.ts';
import type { Search, SearchContext } from './search.ts';
import { type Group, groupsOf, type Parameters } from './space.ts';

/** How the tree-structured Parzen estimator is set up. */
export interface TpeOptions {
  /** So many trials are drawn at random before it begins to learn; 10. */
  readonly startTrials?: number;
  /** Of so many candidates the most promising one is taken; 24. */
  readonly candidates?: number;
  /** Parameters are seen together, so that what fits together is found; else each one by itself. True unless told. */
  readonly multivariate?: boolean;
}

/** The last report, for one that did not come to its end. */
const lastOf = ({ reports }: Observation): { readonly step: number; readonly value: number } | undefined => reports.at(-1);

/** From the best to the worst: those that finished, those that were stopped early, the farther the better, and those that failed. */
function ranked(goal: Goal, history: readonly Observation[]): Observation[] {
  const classes = { finished: 0, pruned: 1, failed: 2, running: 3 } as const;
  const rank = (trial: Observation): readonly number[] => {
    const isBroken = trial.status === 'finished' && lossOf(goal, trial.value) === Number.POSITIVE_INFINITY;
    const status = isBroken ? 'failed' : trial.status;
    const last = status === 'pruned' ? lastOf(trial) : undefined;
    const key = status === 'finished' ? [0, lossOf(goal, trial.value)] : last ? [-last.step, lossOf(goal, last.value)] : [1, 0];
    return [classes[status], ...key, trial.number];
  };
  const ranks = new Map(history.map((trial) => [trial, rank(trial)]));
  return [...history].sort((x, y) => {
    const [a, b] = [ranks.get(x)!, ranks.get(y)!];
    const i = a.findIndex((value, j) => value !== b[j]);
    return i < 0 ? 0 : a[i]! < b[i]! ? -1 : 1;
  });
}

/** The good ones, a tenth and at most 25, and the others, each in the order of their numbers. */
function split(goal: Goal, history: readonly Observation[]): readonly [good: Observation[], others: Observation[]] {
  const judged = history.filter(({ status }) => status === 'finished' || status === 'pruned').length;
  const count = Math.min(Math.ceil(judged / 10), 25);
  const order = ranked(goal, history);
  const byNumber = (trials: Observation[]): Observation[] => trials.sort((a, b) => a.number - b.number);
  return [byNumber(order.slice(0, count)), byNumber(order.slice(count))];
}

/** The candidate that is most often where good trials were, and least often where the others were. */
function propose(
  domains: ReadonlyMap<string, Domain>,
  [good, others]: readonly [readonly Observation[], readonly Observation[]],
  { random, candidates }: { readonly random: () => number; readonly candidates: number },
): Record<string, Value> {
  const axes = [...domains];
  const seen = (trials: readonly Observation[]): number[][] =>
    trials
      .filter(({ parameters }) => axes.every(([name, domain]) => domain.has(parameters[name])))
      .map(({ parameters }) => axes.map(([name, domain]) => domain.placeOf(parameters[name]!)));
  const all = axes.map(([, domain]) => domain);
  const [below, above] = [parzen(all, seen(good)), parzen(all, seen(others))];
  let best: { places: number[]; score: number } | undefined;
  for (let i = 0; i < candidates; i++) {
    const places = below.draw(random).map((place, d) => all[d]!.placeOf(all[d]!.at(place)));
    const score = below.logDensity(places) - above.logDensity(places);
    if (best === undefined || score > best.score) best = { places, score };
  }
  return Object.fromEntries(axes.map(([name, domain], d) => [name, domain.at(best!.places[d]!)]));
}

/**
 * Learns where good trials lie (the tree-structured Parzen estimator): it estimates how dense the best tenth of the trials are and how dense the others, and tries
 * next where the first is large beside the second. Parameters under a condition are learned from the trials that had them.
 *
 * Trials that were stopped early count by how far they came, failed ones and NaN as bad, and so do those that still run, so that several at once do not try the same.
 *
 * Errors: `bad-value`.
 *
 * Source: Bergstra, Bardenet, Bengio and Kégl 2011, Algorithms for Hyper-Parameter Optimization; defaults as Optuna's TPESampler.
 *
 * @example
 * import { tpe, uniform } from 'stratus';
 * const space = { x: uniform(0, 1) };
 * const history = Array.from({ length: 20 }, (_, i) => {
 *   const parameters = { x: i / 19 };
 *   return { number: i + 1, parameters, status: 'finished', value: (parameters.x - 0.3) ** 2, reports: [] } as const;
 * });
 * const next = tpe().suggest({ space, goal: 'minimize', seed: 1, number: 21, history });
 * console.log(Math.abs((next!['x'] as number) - 0.3) < 0.2); // true
 */
export function tpe({ startTrials = 10, candidates = 24, multivariate = true }: TpeOptions = {}): Search {
  checkWhole('tpe', 'startTrials', startTrials, 0);
  checkWhole('tpe', 'candidates', candidates, 1);
  return {
    name: 'tpe',
    options: { startTrials, candidates, multivariate },
    suggest(context) {
      const { space, goal, seed, number, history } = context;
      const key = trialKey(seed, number);
      if (!isReady(context, startTrials)) return drawAll(space, key);
      const parts = split(goal, history);
      const random = uniforms(foldIn(key, 1));
      const found: Record<string, Value> = {};
      for (const group of groupsOf(space)) {
        if (!group.isActive(found)) continue;
        for (const domains of multivariate ? [group.domains] : singles(group))
          Object.assign(found, propose(domains, parts, { random, candidates }));
      }
      return found satisfies Parameters;
    },
  };
}

const singles = (group: Group): Map<string, Domain>[] => [...group.domains].map((entry) => new Map([entry]));

/** Whether there is enough to learn of: so many trials are over, and one of them at least came to something. */
const isReady = ({ history }: SearchContext, startTrials: number): boolean =>
  history.filter(({ status }) => status !== 'running').length >= startTrials &&
  history.some(({ status }) => status === 'finished' || status === 'pruned');
