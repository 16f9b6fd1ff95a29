import { fail, foldIn, randomKey, uniforms } from '@stratus/core';
import type { Axis } from './domain.ts';
import type { Observation } from './observation.ts';
import { groupsOf, type Space } from './space.ts';
import { common, growTree, type Leaf, type Samples, share } from './tree.ts';

/** How much a parameter matters: shares of the variance of what comes out, over the whole space. */
export interface Importance {
  readonly name: string;
  /** By itself. */
  readonly main: number;
  /** Together with what it does in combination with others: at least `main`. */
  readonly total: number;
}

/** How importances are found. */
export interface ImportanceOptions {
  /** 64. */
  readonly trees?: number;
  readonly seed?: number;
}

const fewest = 4;

/** The variance of a tree over the space, and its parts, exactly: a tree is constant on boxes, so every integral is a sum over pairs of them. */
function parts(
  axes: readonly Axis[],
  leaves: readonly Leaf[],
): { readonly all: number; readonly main: number[]; readonly rest: number[] } {
  const shares = leaves.map(({ box }) => box.map((side, d) => share(axes[d]!, side)));
  const volumes = shares.map((widths) => widths.reduce((a, b) => a * b, 1));
  const mean = leaves.reduce((sum, { value }, i) => sum + value * volumes[i]!, 0);
  const values = leaves.map(({ value }) => value - mean);
  const all = values.reduce((sum, value, i) => sum + value * value * volumes[i]!, 0);
  const main = new Array<number>(axes.length).fill(0);
  const rest = new Array<number>(axes.length).fill(0); // the variance of what is left when one axis is averaged away
  const both = new Float64Array(axes.length); // nothing is allocated for a pair: there are tens of thousands in a tree
  for (let i = 0; i < leaves.length; i++) {
    for (let j = i; j < leaves.length; j++) {
      const weight = values[i]! * values[j]! * (i === j ? 1 : 2);
      const volume = volumes[i]! * volumes[j]!;
      let [apart, overlap] = [0, 1]; // overlap: of the axes on which they are not apart
      for (let d = 0; d < axes.length; d++) {
        both[d] = common(axes[d]!, leaves[i]!.box[d]!, leaves[j]!.box[d]!);
        if (both[d] === 0) apart++;
        else overlap *= both[d]!;
      }
      for (let d = 0; d < axes.length; d++) {
        const product = shares[i]![d]! * shares[j]![d]!;
        if (both[d]! > 0) main[d]! += weight * both[d]! * (volume / product);
        if (apart === 0) rest[d]! += (weight * product * overlap) / both[d]!;
        else if (apart === 1 && both[d] === 0) rest[d]! += weight * product * overlap;
      }
    }
  }
  return { all, main, rest };
}

/** Finished trials as places and values. A parameter that was not there stands in the middle of its axis, a choice at its first value. */
function samplesOf(
  space: Space,
  trials: readonly Observation[],
): { readonly names: readonly string[]; readonly samples: Samples } {
  const entries = groupsOf(space).flatMap(({ domains }) => [...domains]);
  const used = trials.filter(({ status, value }) => status === 'finished' && Number.isFinite(value));
  const places = used.map(({ parameters }) =>
    entries.map(([name, domain]) =>
      Object.hasOwn(parameters, name) ? domain.placeOf(parameters[name]!) : domain.axis.is === 'line' ? 0.5 : 0,
    ),
  );
  return {
    names: entries.map(([name]) => name),
    samples: { axes: entries.map(([, { axis }]) => axis), places, values: used.map(({ value }) => value!) },
  };
}

/**
 * Which parameters matter (functional analysis of variance): a random forest learns what comes out of the finished trials, and the variance of its trees over the whole space
 * is divided among the parameters, without further samples. `main` is what a parameter explains by itself, `total` also what it explains together with others. The most important one comes first.
 *
 * It says nothing of the neighbourhood of the best trial, and little where the trials are few: with fewer than 30 or so, read it as a hint.
 *
 * Errors: `bad-value` for fewer than 4 finished trials.
 *
 * Source: Hutter, Hoos and Leyton-Brown 2014, An Efficient Approach for Assessing Hyperparameter Importance; total effects: Homma and Saltelli 1996.
 *
 * @example
 * import { importance, uniform } from 'stratus';
 * const space = { x: uniform(0, 1), y: uniform(0, 1) };
 * const trials = Array.from({ length: 100 }, (_, i) => {
 *   const parameters = { x: (i % 10) / 9, y: Math.floor(i / 10) / 9 };
 *   return { number: i + 1, parameters, status: 'finished', value: 3 * parameters.x + parameters.y, reports: [] } as const;
 * });
 * console.log(importance(space, trials)[0]!.name); // x
 */
export function importance(
  space: Space,
  trials: readonly Observation[],
  { trees = 64, seed = 0 }: ImportanceOptions = {},
): readonly Importance[] {
  const { names, samples } = samplesOf(space, trials);
  const count = samples.values.length;
  if (count < fewest)
    throw fail('bad-value', {
      what: 'importance',
      got: `${count} finished trials with a finite value`,
      want: `at least ${fewest}`,
      fix: 'Let the sweep run longer.',
    });
  const sums = names.map(() => ({ main: 0, total: 0 }));
  let counted = 0;
  for (let tree = 0; tree < trees; tree++) {
    const random = uniforms(foldIn(randomKey(seed), tree));
    const rows = Array.from({ length: count }, () => Math.floor(random() * count));
    const { all, main, rest } = parts(samples.axes, growTree(samples, rows));
    if (!(all > 0)) continue; // every value is the same
    counted++;
    sums.forEach((sum, d) => {
      sum.main += main[d]! / all;
      sum.total += 1 - rest[d]! / all;
    });
  }
  return names
    .map((name, d) => ({ name, main: sums[d]!.main / Math.max(1, counted), total: sums[d]!.total / Math.max(1, counted) }))
    .sort((a, b) => b.total - a.total);
}
