// Searches for the least values of known functions: TPE beside chance in the same run, and beside what Optuna found with the same budget (golden/tpe.json).
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Observation, random, type Search, tpe } from 'stratus';
import { branin, hartmann6, mixed, type Problem } from '../../packages/stratus/test/search-problems.ts';
import type { Result, Run } from '../result.ts';
import { median } from '../shared/statistics.ts';

const problems: readonly (readonly [name: string, problem: Problem, least: number])[] = [
  ['branin', branin, 0.397887],
  ['hartmann6', hartmann6, -3.32237],
  ['mixed', mixed, 0],
];
const seeds = Array.from({ length: 20 }, (_, seed) => seed);

interface Golden {
  readonly versions: { readonly optuna: string };
  readonly trials: number;
  readonly foundTogether: Readonly<Record<string, readonly number[]>>;
}

/** The best value after so many trials. */
function best(search: Search, { space, f }: Problem, trials: number, seed: number): number {
  const history: Observation[] = [];
  for (let number = 1; number <= trials; number++) {
    const parameters = search.suggest({ space, goal: 'minimize', seed, number, history })!;
    history.push({ number, parameters, status: 'finished', value: f(parameters), reports: [] });
  }
  return Math.min(...history.map(({ value }) => value!));
}

export const run: Run = async ({ root, log }) => {
  const golden = JSON.parse(await readFile(join(root, 'golden/tpe.json'), 'utf8')) as Golden;
  const results: Result[] = [];
  for (const [name, problem, least] of problems) {
    const of = (search: Search): number[] => seeds.map((seed) => best(search, problem, golden.trials, seed));
    const began = performance.now();
    const ours = of(tpe());
    const ms = (performance.now() - began) / (seeds.length * golden.trials);
    const [chance, apart] = [of(random()), of(tpe({ multivariate: false }))];
    const regret = (values: readonly number[]): number => median(values) - least;
    const said = (values: readonly number[]): string => regret(values).toPrecision(3);
    const theirs = golden.foundTogether[name]!;
    const detail = `medians of ${seeds.length} seeds, ${golden.trials} trials; off the least value: ours ${said(ours)}, each parameter by itself ${said(apart)}, chance ${said(chance)}, Optuna ${golden.versions.optuna} ${said(theirs)}`;
    log(`${name}: ${detail}; ${ms.toFixed(2)} ms a suggestion`);
    const ratio = (what: string, other: readonly number[], target: number): Result => ({
      name: `TPE on ${name}: off the least value, ours / ${what}`,
      reached: regret(ours) / regret(other),
      target,
      better: 'lower',
      unit: 'ratio',
      detail,
    });
    results.push(ratio('chance', chance, 0.5), ratio('Optuna', theirs, 1.5));
  }
  return results;
};
