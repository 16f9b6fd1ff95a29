import { short } from './short.ts';

/** One direction of a plot: from values to shares of its length, and where its lines are. */
export interface Axis {
  readonly low: number;
  readonly high: number;
  /** 0 at `low`, 1 at `high`. */
  place(value: number): number;
  readonly ticks: readonly Tick[];
}

export interface Tick {
  readonly value: number;
  readonly text: string;
}

/** 1, 2 or 5 times a power of ten, at least that. */
function niceStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least));
  for (const factor of [1, 2, 5]) if (factor * power >= least * (1 - 1e-9)) return factor * power;
  return 10 * power;
}

const steps = (from: number, to: number, step: number): number[] => {
  const found: number[] = [];
  for (let i = Math.ceil(from / step - 1e-9); i * step <= to + step * 1e-9; i++) found.push(i * step);
  return found;
};

/** Numbers of one axis, with the decimals that tell them apart. */
function texts(values: readonly number[], step: number): Tick[] {
  const largest = Math.max(...values.map(Math.abs));
  if (largest >= 1e6 || (largest > 0 && largest < 1e-3)) return values.map((value) => ({ value, text: exponent(value, step) }));
  const decimals = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  return values.map((value) => ({ value, text: (Math.abs(value) < step / 2 ? 0 : value).toFixed(decimals) }));
}

function exponent(value: number, step: number): string {
  if (Math.abs(value) < step / 2) return '0';
  const decimals = Math.max(0, Math.floor(Math.log10(Math.abs(value)) + 1e-9) - Math.floor(Math.log10(step) + 1e-9));
  return value.toExponential(decimals).replace('e+', 'e');
}

/** `most`: as many lines at most. `isExact`: it ends where the values do, as steps do; else at lines. */
export function linearAxis(
  values: readonly number[],
  { most, isExact = false }: { readonly most: number; readonly isExact?: boolean },
): Axis {
  let [low, high] = extent(values);
  if (low === high) {
    const room = isExact ? 1 : Math.abs(low) / 10 || 1;
    [low, high] = isExact ? [Math.max(0, low - room), high + room] : [low - room, high + room];
  }
  let step = niceStep((high - low) / Math.max(1, most - 1));
  if (isExact) step = Math.max(1, step); // there is no half step
  if (!isExact) [low, high] = [Math.floor(low / step + 1e-9) * step, Math.ceil(high / step - 1e-9) * step];
  return { low, high, place: (value) => (value - low) / (high - low), ticks: texts(steps(low, high, step), step) };
}

/** Values above 0, in equal factors. */
export function logAxis(values: readonly number[], { most }: { readonly most: number }): Axis {
  const [least, largest] = extent(values);
  const decades = Math.log10(largest / least);
  if (decades < 1) {
    // Within one decade powers of ten say nothing.
    const { low, high, ticks } = linearAxis([least, largest], { most });
    const from = low > 0 ? low : least;
    const place = (value: number): number => Math.log(value / from) / Math.log(high / from);
    return { low: from, high, place, ticks: ticks.filter(({ value }) => value >= from) };
  }
  const [from, to] = [Math.floor(Math.log10(least) + 1e-9), Math.ceil(Math.log10(largest) - 1e-9)];
  const every = Math.max(1, Math.ceil((to - from) / Math.max(1, most - 1)));
  const ticks = steps(from, to, every).map((power) => ({ value: 10 ** power, text: short(10 ** power) }));
  return { low: 10 ** from, high: 10 ** to, place: (value) => (Math.log10(value) - from) / (to - from), ticks };
}

function extent(values: readonly number[]): [number, number] {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return low <= high ? [low, high] : [0, 1];
}
