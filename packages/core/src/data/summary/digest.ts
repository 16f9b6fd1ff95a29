// A merging t-digest (Dunning & Ertl 2019): numbers as few weighted means, small ones at the ends, so that quantiles there are sharp.

/** Neighbouring numbers as one, in rising order. `equal`: all of them are the mean itself, however many. */
export interface Centroid {
  readonly mean: number;
  readonly weight: number;
  readonly equal: boolean;
}

/** Rising numbers as centroids: runs of equal ones. */
export function* runsOf(sorted: Float64Array): Iterable<Centroid> {
  for (let start = 0; start < sorted.length; ) {
    const mean = sorted[start]!;
    let end = start + 1;
    while (end < sorted.length && sorted[end] === mean) end++;
    yield { mean, weight: end - start, equal: true };
    start = end;
  }
}

/** Both in rising order. */
export function* inOrder(a: Iterable<Centroid>, b: Iterable<Centroid>): Iterable<Centroid> {
  const [left, right] = [a[Symbol.iterator](), b[Symbol.iterator]()];
  let [x, y] = [left.next(), right.next()];
  while (!x.done && !y.done) {
    if (x.value.mean <= y.value.mean) {
      yield x.value;
      x = left.next();
    } else {
      yield y.value;
      y = right.next();
    }
  }
  for (; !x.done; x = left.next()) yield x.value;
  for (; !y.done; y = right.next()) yield y.value;
}

/** The share at which a centroid that begins at the share `q` must end: one step of the scale k(q) = c/2π · asin(2q - 1). */
function limitAfter(q: number, compression: number): number {
  const k = Math.asin(2 * Math.min(1, q) - 1) + (2 * Math.PI) / compression;
  return k >= Math.PI / 2 ? 1 : (Math.sin(k) + 1) / 2;
}

/** Rising centroids as at most `most`, so that their steps on the scale are about equal; as they are when they are few. */
export function compress(rising: Iterable<Centroid>, most: number): readonly Centroid[] {
  const all: Centroid[] = [];
  let total = 0;
  for (const next of rising) {
    const last = all.at(-1);
    total += next.weight;
    if (last?.equal && next.equal && last.mean === next.mean)
      all[all.length - 1] = { ...last, weight: last.weight + next.weight };
    else all.push(next);
  }
  if (all.length <= most) return all;
  const result: Centroid[] = [];
  let before = 0;
  let limit = limitAfter(0, most) * total;
  let current = all[0]!;
  for (const next of all.slice(1)) {
    const weight = current.weight + next.weight;
    if (before + weight <= limit) {
      const share = next.weight / weight;
      // A difference could exceed what float64 holds.
      current = { mean: current.mean * (1 - share) + next.mean * share, weight, equal: false };
    } else {
      result.push(current);
      before += current.weight;
      limit = limitAfter(before / total, most) * total;
      current = next;
    }
  }
  return [...result, current];
}

/** On the line from a to b, as numpy does, exact at both ends. */
function between(a: number, b: number, share: number): number {
  const way = b - a;
  if (!Number.isFinite(way)) return a * (1 - share) + b * share;
  return share < 0.5 ? a + way * share : b - way * (1 - share);
}

/** The number at the place `at`, from 0 to one less than their number; between two places on a line, as numpy does. */
export function valueAt(
  centroids: Iterable<Centroid>,
  at: number,
  { minimum, maximum }: { minimum: number; maximum: number },
): number {
  let [place, value] = [0, minimum];
  let before = 0;
  const reached = (next: number, own: number): number | undefined => {
    if (at > next) [place, value] = [next, own];
    else return next === place ? own : between(value, own, (at - place) / (next - place));
    return undefined;
  };
  for (const { mean, weight, equal } of centroids) {
    const half = (weight - 1) / 2;
    const found = equal ? (reached(before, mean) ?? reached(before + weight - 1, mean)) : reached(before + half, mean);
    if (found !== undefined) return found;
    before += weight;
  }
  return reached(before - 1, maximum) ?? maximum;
}
