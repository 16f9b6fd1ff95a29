// How points lie in the table `chunks`: each is three float64 (step, value, time), little-endian, one point after the other. A summary holds two
// points for each 256 of them, the lowest and the highest, so that a curve of a million points is drawn from a few thousand.

/** One measured value. `at`: milliseconds since 1970. */
export interface Point {
  readonly step: number;
  readonly value: number;
  readonly at: number;
}

/** A chunk is not made longer than this. */
export const chunkPoints = 4096;
/** As many points become two in a summary. */
export const summaryPoints = 256;

const numbers = 3;

export function encodePoints(points: readonly Point[]): Buffer {
  const data = new Float64Array(numbers * points.length);
  for (let i = 0; i < points.length; i++) {
    const { step, value, at } = points[i]!;
    data[numbers * i] = step;
    data[numbers * i + 1] = value;
    data[numbers * i + 2] = at;
  }
  return Buffer.from(data.buffer);
}

/** What a database gives back: one of them an ArrayBuffer, the other a view on a larger one. */
export function decodePoints(bytes: Uint8Array | ArrayBuffer): Point[] {
  const data = new Float64Array(bytes instanceof ArrayBuffer ? bytes : new Uint8Array(bytes).buffer);
  return Array.from({ length: data.length / numbers }, (_, i) => ({
    step: data[numbers * i]!,
    value: data[numbers * i + 1]!,
    at: data[numbers * i + 2]!,
  }));
}

/** The lowest and the highest point of a part, in their order. What is no number counts only where there is nothing else. */
export function extremes(points: readonly Point[], from: number, to: number): readonly [Point, Point] {
  let [low, high] = [-1, -1];
  for (let i = from; i < to; i++) {
    const { value } = points[i]!;
    if (Number.isNaN(value)) continue;
    if (low < 0 || value < points[low]!.value) low = i;
    if (high < 0 || value > points[high]!.value) high = i;
  }
  if (low < 0) return [points[from]!, points[to - 1]!];
  return [points[Math.min(low, high)]!, points[Math.max(low, high)]!];
}

export function summarize(points: readonly Point[]): Point[] {
  const found: Point[] = [];
  for (let from = 0; from < points.length; from += summaryPoints)
    found.push(...extremes(points, from, Math.min(points.length, from + summaryPoints)));
  return found;
}

/** At most `limit` of the points: the first, the last, and the extremes of equal parts between them. */
export function thin(points: readonly Point[], limit: number): readonly Point[] {
  if (points.length <= limit) return points;
  const parts = Math.floor((limit - 2) / 2);
  const found: Point[] = [points[0]!];
  const inner = points.length - 2;
  for (let part = 0; part < parts; part++) {
    const [from, to] = [1 + Math.floor((part * inner) / parts), 1 + Math.floor(((part + 1) * inner) / parts)];
    const [a, b] = extremes(points, from, to);
    found.push(a);
    if (b !== a) found.push(b);
  }
  found.push(points.at(-1)!);
  return found;
}

/** By step. A training that went on from a checkpoint has logged some steps again: the later point counts. */
export function byStep(points: readonly Point[]): readonly Point[] {
  if (points.every((point, i) => i === 0 || points[i - 1]!.step < point.step)) return points;
  const sorted = [...points].sort((a, b) => a.step - b.step); // stable: what came later stays behind
  return sorted.filter((point, i) => sorted[i + 1]?.step !== point.step);
}
