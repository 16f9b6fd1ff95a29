import type { Axis, Domain } from './domain.ts';
import { logDensity, logMass, logSumExp } from './gauss.ts';

/** A density over places on axes: how often trials were there. */
export interface Parzen {
  /** Draws a place on every axis. */
  draw(random: () => number): number[];
  logDensity(places: readonly number[]): number;
}

/** One axis of a mixture: what each of its components says there. */
interface Marginal {
  draw(component: number, random: () => number): number;
  /** Adds each component's logarithm at a place. */
  addTo(sums: Float64Array, place: number): void;
}

/** The newest 25 count fully, those before them less, the older the less. */
function ages(count: number): number[] {
  const full = 25;
  if (count < full) return new Array<number>(count).fill(1);
  const ramp = count - full;
  return Array.from({ length: count }, (_, i) =>
    i >= ramp ? 1 : ramp === 1 ? 1 / count : 1 / count + (1 - 1 / count) * (i / (ramp - 1)),
  );
}

/**
 * As wide as the way to the farther one of the two neighbours, at the ends to the only one; but not narrower than a share of the axis that shrinks
 * with the number of trials.
 */
function widths(places: readonly number[]): number[] {
  const order = places.map((_, i) => i).sort((i, j) => places[i]! - places[j]! || i - j);
  const sorted = [0, ...order.map((i) => places[i]!), 1];
  const least = 1 / Math.min(100, 2 + places.length);
  const found = new Array<number>(places.length);
  order.forEach((i, rank) => {
    const at = rank + 1;
    const before = at === 1 && places.length > 1 ? 0 : sorted[at]! - sorted[at - 1]!;
    const after = at === places.length && places.length > 1 ? 0 : sorted[at + 1]! - sorted[at]!;
    found[i] = Math.min(1, Math.max(least, before, after));
  });
  return found;
}

/** Places on a line: normal distributions that end where the axis ends, and one for all of the axis. */
function onLine(cell: (Axis & { is: 'line' })['cell'], places: readonly number[]): Marginal {
  const centers = [...places, 0.5];
  const sigmas = [...widths(places), 1];
  const inside = centers.map((center, i) => logMass((0 - center) / sigmas[i]!, (1 - center) / sigmas[i]!));
  const scale = sigmas.map((sigma, i) => Math.log(sigma) + inside[i]!);
  return {
    draw(i, random) {
      // The center lies on the axis, so at least a third of what is drawn does as well.
      for (let attempt = 0; attempt < 200; attempt++) {
        const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
        const place = centers[i]! + sigmas[i]! * normal;
        if (place >= 0 && place <= 1) return place;
      }
      return centers[i]!;
    },
    addTo(sums, place) {
      if (cell === undefined) {
        for (let i = 0; i < sums.length; i++) sums[i]! += logDensity((place - centers[i]!) / sigmas[i]!) - scale[i]!;
        return;
      }
      const [from, to] = cell(place);
      for (let i = 0; i < sums.length; i++)
        sums[i]! += logMass((from - centers[i]!) / sigmas[i]!, (to - centers[i]!) / sigmas[i]!) - inside[i]!;
    },
  };
}

/** Choices: what was chosen, and a little of everything. */
function onChoices(count: number, places: readonly number[]): Marginal {
  const kernels = places.length + 1;
  const [some, more] = [1 / kernels, 1 + 1 / kernels];
  const sum = 1 + count / kernels;
  const share = (i: number, place: number): number =>
    i === places.length || places.length === 0 ? 1 / count : (places[i] === place ? more : some) / sum;
  return {
    draw(i, random) {
      let left = random();
      for (let place = 0; place < count; place++) {
        left -= share(i, place);
        if (left < 0) return place;
      }
      return count - 1;
    },
    addTo(sums, place) {
      for (let i = 0; i < sums.length; i++) sums[i]! += Math.log(share(i, place));
    },
  };
}

/**
 * The estimator of the tree-structured Parzen estimator: each observation is a component, a product over the axes, and one more stands for the whole space.
 * Observations are in the order in which they were made.
 *
 * Source: Bergstra, Bardenet, Bengio and Kégl 2011; weights, widths and the space's own component as in Optuna's `_ParzenEstimator`.
 */
export function parzen(domains: readonly Domain[], observations: readonly (readonly number[])[]): Parzen {
  const raw = [...ages(observations.length), 1];
  const total = raw.reduce((a, b) => a + b, 0);
  const weights = raw.map((w) => w / total);
  const logs = Float64Array.from(weights, Math.log);
  const marginals = domains.map(({ axis }, d) => {
    const places = observations.map((places) => places[d]!);
    return axis.is === 'line' ? onLine(axis.cell, places) : onChoices(axis.count, places);
  });
  return {
    draw(random) {
      let left = random();
      let component = 0;
      while (component < weights.length - 1 && (left -= weights[component]!) >= 0) component++;
      return marginals.map((marginal) => marginal.draw(component, random));
    },
    logDensity(places) {
      const sums = logs.slice();
      marginals.forEach((marginal, d) => {
        marginal.addTo(sums, places[d]!);
      });
      return logSumExp(sums);
    },
  };
}
