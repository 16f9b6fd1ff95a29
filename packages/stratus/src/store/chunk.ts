// How points lie in the table `chunks`, and in memory until somebody wants to see them: three float64 each (step, value, time), little-endian, one
// point after the other. A summary holds two points for each 128 of them, the lowest and the highest, so that a curve of a million points is drawn from some thousand.

/** One measured value. `at`: milliseconds since 1970. */
export interface Point {
  readonly step: number;
  readonly value: number;
  readonly at: number;
}

/** Points as they are stored. */
export type Packed = Float64Array;

/** A chunk is not made longer than this. */
export const chunkPoints = 4096;
/** As many points become two in a summary. */
export const summaryPoints = 128;

const numbers = 3;

const count = (data: Packed): number => data.length / numbers;
/** The last point alone. */
export const lastOf = (data: Packed): Packed => data.subarray(-numbers);
/** Points number `from` to `to - 1`, not copied. */
export const part = (data: Packed, from: number, to: number): Packed => data.subarray(numbers * from, numbers * to);
const stepOf = (data: Packed, i: number): number => data[numbers * i]!;
const valueOf = (data: Packed, i: number): number => data[numbers * i + 1]!;

export const unpack = (data: Packed): Point[] =>
  Array.from({ length: count(data) }, (_, i) => ({ step: stepOf(data, i), value: valueOf(data, i), at: data[numbers * i + 2]! }));

export function pack(points: readonly Point[]): Packed {
  const data = new Float64Array(numbers * points.length);
  for (let i = 0; i < points.length; i++) {
    const { step, value, at } = points[i]!;
    data[numbers * i] = step;
    data[numbers * i + 1] = value;
    data[numbers * i + 2] = at;
  }
  return data;
}

export const bytesOf = (data: Packed): Buffer => Buffer.from(data.buffer, data.byteOffset, data.byteLength);

/** What databases give back: an ArrayBuffer, or a view that may begin anywhere. */
export const packedOf = (bytes: Uint8Array | ArrayBuffer): Packed =>
  new Float64Array(bytes instanceof ArrayBuffer ? bytes : new Uint8Array(bytes).buffer);

export function joinAll(parts: readonly Packed[]): Packed {
  if (parts.length === 1) return parts[0]!;
  const data = new Float64Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const one of parts) {
    data.set(one, at);
    at += one.length;
  }
  return data;
}

function pick(data: Packed, wanted: readonly number[]): Packed {
  const found = new Float64Array(numbers * wanted.length);
  wanted.forEach((i, at) => found.set(part(data, i, i + 1), numbers * at));
  return found;
}

/** The lowest and the highest point of a part, in their order. What is no number counts only where there is nothing else. */
function extremes(data: Packed, from: number, to: number): readonly [number, number] {
  let [low, high] = [-1, -1];
  for (let i = from; i < to; i++) {
    const value = valueOf(data, i);
    if (Number.isNaN(value)) continue;
    if (low < 0 || value < valueOf(data, low)) low = i;
    if (high < 0 || value > valueOf(data, high)) high = i;
  }
  return low < 0 ? [from, to - 1] : [Math.min(low, high), Math.max(low, high)];
}

export function summarize(data: Packed): Packed {
  const found: number[] = [];
  for (let from = 0; from < count(data); from += summaryPoints)
    found.push(...extremes(data, from, Math.min(count(data), from + summaryPoints)));
  return pick(data, found);
}

/** At most `limit` of the points: the first, the last, and the extremes of equal parts between them. */
export function thin(data: Packed, limit: number): Packed {
  if (count(data) <= limit) return data;
  const parts = Math.floor((limit - 2) / 2);
  const inner = count(data) - 2;
  const found = [0];
  for (let i = 0; i < parts; i++) {
    const [a, b] = extremes(data, 1 + Math.floor((i * inner) / parts), 1 + Math.floor(((i + 1) * inner) / parts));
    found.push(a);
    if (b !== a) found.push(b);
  }
  return pick(data, [...found, count(data) - 1]);
}

/** By step. A training that went on from a checkpoint has logged some steps again: the later point counts. */
export function byStep(data: Packed): Packed {
  let isSorted = true;
  for (let i = 1; i < count(data) && isSorted; i++) isSorted = stepOf(data, i - 1) < stepOf(data, i);
  if (isSorted) return data;
  const order = Array.from({ length: count(data) }, (_, i) => i).sort((a, b) => stepOf(data, a) - stepOf(data, b)); // stable: what came later stays behind
  return pick(
    data,
    order.filter((i, at) => at + 1 === order.length || stepOf(data, order[at + 1]!) !== stepOf(data, i)),
  );
}
