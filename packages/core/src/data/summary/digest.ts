// A merging t-digest (Dunning & Ertl 2019): numbers as few weighted means, small ones at the ends, so that quantiles there are sharp.

/** Groups of neighbouring numbers in rising order; the first `length` entries of each list. */
export interface Groups {
  readonly length: number;
  readonly means: Float64Array;
  readonly weights: Float64Array;
  /** 1 where a group's numbers differ; 0 where all are the mean itself, however many. */
  readonly differ: Uint8Array;
}

/** Groups that are being written. */
class Writer implements Groups {
  length = 0;
  readonly means: Float64Array;
  readonly weights: Float64Array;
  readonly differ: Uint8Array;

  constructor(most: number) {
    this.means = new Float64Array(most);
    this.weights = new Float64Array(most);
    this.differ = new Uint8Array(most);
  }

  /** Equal numbers become one group. */
  push(mean: number, weight: number, differ: number): void {
    const last = this.length - 1;
    if (last >= 0 && differ === 0 && this.differ[last] === 0 && this.means[last] === mean) {
      this.weights[last]! += weight;
      return;
    }
    this.means[this.length] = mean;
    this.weights[this.length] = weight;
    this.differ[this.length++] = differ;
  }
}

/** Of no numbers. */
export const noGroups: Groups = new Writer(0);

/** Rising numbers as groups of equal ones. */
export function runsOf(sorted: Float64Array): Groups {
  const runs = new Writer(sorted.length);
  for (let start = 0; start < sorted.length; ) {
    const mean = sorted[start]!;
    let end = start + 1;
    while (end < sorted.length && sorted[end] === mean) end++;
    runs.push(mean, end - start, 0);
    start = end;
  }
  return runs;
}

/** Both in rising order. */
export function inOrder(a: Groups, b: Groups): Groups {
  const all = new Writer(a.length + b.length);
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    const left = j === b.length || (i < a.length && a.means[i]! <= b.means[j]!);
    const from = left ? a : b;
    const at = left ? i++ : j++;
    all.push(from.means[at]!, from.weights[at]!, from.differ[at]!);
  }
  return all;
}

/** The share at which a group that begins at the share `q` must end: one step of the scale k(q) = c/2π · asin(2q - 1). */
function limitAfter(q: number, compression: number): number {
  const k = Math.asin(2 * Math.min(1, q) - 1) + (2 * Math.PI) / compression;
  return k >= Math.PI / 2 ? 1 : (Math.sin(k) + 1) / 2;
}

/** At most `most` groups, none of which spans more than a step on the scale; as they are when they are few. */
export function compress(groups: Groups, most: number): Groups {
  const { length, means, weights, differ } = groups;
  if (length <= most) return groups;
  let total = 0;
  for (let i = 0; i < length; i++) total += weights[i]!;
  const result = new Writer(length);
  let before = 0;
  let limit = limitAfter(0, most) * total;
  let [mean, weight, mixed] = [means[0]!, weights[0]!, differ[0]!];
  for (let i = 1; i < length; i++) {
    const next = weights[i]!;
    if (before + weight + next <= limit) {
      weight += next;
      const share = next / weight;
      mean = mean * (1 - share) + means[i]! * share; // a difference could exceed what float64 holds
      mixed = 1;
    } else {
      result.push(mean, weight, mixed);
      before += weight;
      limit = limitAfter(before / total, most) * total;
      [mean, weight, mixed] = [means[i]!, next, differ[i]!];
    }
  }
  result.push(mean, weight, mixed);
  return {
    length: result.length,
    means: result.means.slice(0, result.length),
    weights: result.weights.slice(0, result.length),
    differ: result.differ.slice(0, result.length),
  };
}

/** On the line from a to b, as numpy does, exact at both ends. */
function between(a: number, b: number, share: number): number {
  const way = b - a;
  if (!Number.isFinite(way)) return a * (1 - share) + b * share;
  return share < 0.5 ? a + way * share : b - way * (1 - share);
}

/** The number at the place `at`, from 0 to one less than their number; between two places on a line. */
export function valueAt(groups: Groups, at: number, { minimum, maximum }: { minimum: number; maximum: number }): number {
  let [place, value] = [0, minimum];
  let before = 0;
  for (let i = 0; i <= groups.length; i++) {
    const weight = i < groups.length ? groups.weights[i]! : 0;
    const mean = i < groups.length ? groups.means[i]! : maximum;
    // Equal numbers lie at all their places, others about the middle of theirs; at the end is the largest.
    const first = i === groups.length ? before - 1 : groups.differ[i] ? before + (weight - 1) / 2 : before;
    const last = i === groups.length || groups.differ[i] ? first : before + weight - 1;
    if (at <= first) return first === place ? mean : between(value, mean, (at - place) / (first - place));
    if (at <= last) return mean;
    [place, value] = [last, mean];
    before += weight;
  }
  return maximum;
}
