import type { Axis } from './domain.ts';

/** A leaf of a regression tree: a box of the space in which it says one value. */
export interface Leaf {
  readonly value: number;
  /** Of every axis the part that belongs to it. */
  readonly box: readonly Side[];
}

/** A part of an axis: from one place to another, or some of the choices. */
export type Side = readonly [from: number, to: number] | readonly boolean[];

/** The share of an axis that a part has. */
export const share = (axis: Axis, side: Side): number =>
  axis.is === 'line'
    ? (side as readonly [number, number])[1] - (side as readonly [number, number])[0]
    : (side as readonly boolean[]).filter(Boolean).length / axis.count;

/** The share of an axis that two parts have in common. */
export function common(axis: Axis, a: Side, b: Side): number {
  if (axis.is === 'choices') {
    let both = 0;
    for (let i = 0; i < axis.count; i++) if (a[i] && b[i]) both++;
    return both / axis.count;
  }
  const [[a0, a1], [b0, b1]] = [a as readonly [number, number], b as readonly [number, number]];
  return Math.max(0, Math.min(a1, b1) - Math.max(a0, b0));
}

const whole = (axis: Axis): Side => (axis.is === 'line' ? [0, 1] : new Array<boolean>(axis.count).fill(true));

/** Places and values that a tree learns from: rows by number. */
export interface Samples {
  readonly axes: readonly Axis[];
  readonly places: readonly (readonly number[])[];
  readonly values: readonly number[];
}

interface Cut {
  readonly axis: number;
  /** How much of the squared error goes. */
  readonly gain: number;
  readonly left: Side;
  readonly right: Side;
  goesLeft(place: number): boolean;
}

/** The best cut between groups that stand in an order; `groups`: their counts and sums. */
function bestGap(groups: readonly { readonly count: number; readonly sum: number }[]): {
  readonly after: number;
  readonly gain: number;
} {
  const count = groups.reduce((n, g) => n + g.count, 0);
  const sum = groups.reduce((s, g) => s + g.sum, 0);
  let [best, n, s] = [{ after: -1, gain: 0 }, 0, 0];
  for (let i = 0; i + 1 < groups.length; i++) {
    n += groups[i]!.count;
    s += groups[i]!.sum;
    const gain = (s * s) / n + (sum - s) ** 2 / (count - n) - (sum * sum) / count;
    if (gain > best.gain) best = { after: i, gain };
  }
  return best;
}

/** The best cut of some rows across one axis. Choices are cut in the order of their means, which has the best cut among all (Fisher 1958). */
function cutOf({ axes, places, values }: Samples, rows: readonly number[], axis: number, side: Side): Cut | undefined {
  const groups = new Map<number, { place: number; count: number; sum: number }>();
  for (const row of rows) {
    const place = places[row]![axis]!;
    const group = groups.get(place) ?? { place, count: 0, sum: 0 };
    group.count++;
    group.sum += values[row]!;
    groups.set(place, group);
  }
  const isLine = axes[axis]!.is === 'line';
  const sorted = [...groups.values()].sort((a, b) =>
    isLine ? a.place - b.place : a.sum / a.count - b.sum / b.count || a.place - b.place,
  );
  const { after, gain } = bestGap(sorted);
  if (after < 0) return undefined;
  if (isLine) {
    const [from, to] = side as readonly [number, number];
    const at = (sorted[after]!.place + sorted[after + 1]!.place) / 2;
    return { axis, gain, left: [from, at], right: [at, to], goesLeft: (place) => place < at };
  }
  const low = new Set(sorted.slice(0, after + 1).map(({ place }) => place));
  const flags = side as readonly boolean[];
  // Choices that no row has go where most rows go, by the rule that the right side takes what is not on the left.
  const left = flags.map((has, i) => has && low.has(i));
  return { axis, gain, left, right: flags.map((has, i) => has && !low.has(i)), goesLeft: (place) => low.has(place) };
}

/** Grows a tree until its leaves have one value each, or nothing is gained. A row may be there several times. */
export function growTree(samples: Samples, rows: readonly number[]): Leaf[] {
  const leaves: Leaf[] = [];
  const waiting = [{ rows, box: samples.axes.map(whole) }];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { rows: here, box } = next;
    let cut: Cut | undefined;
    for (let axis = 0; axis < box.length; axis++) {
      const found = cutOf(samples, here, axis, box[axis]!);
      if (found !== undefined && found.gain > (cut?.gain ?? 1e-12)) cut = found;
    }
    if (cut === undefined) {
      leaves.push({ value: here.reduce((sum, row) => sum + samples.values[row]!, 0) / here.length, box });
      continue;
    }
    const { axis, left, right, goesLeft } = cut;
    const isLeft = (row: number): boolean => goesLeft(samples.places[row]![axis]!);
    waiting.push({ rows: here.filter((row) => !isLeft(row)), box: box.with(axis, right) });
    waiting.push({ rows: here.filter(isLeft), box: box.with(axis, left) });
  }
  return leaves;
}
