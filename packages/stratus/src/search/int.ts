import { checkBounds } from './bounds.ts';
import { checkWhole } from './check.ts';
import { type Domain, evenly, line } from './domain.ts';

/** How whole numbers lie. */
export interface IntOptions {
  /** From one value to the next, beginning with the lowest; 1. */
  readonly step?: number;
  /** Each order of magnitude as likely as the other; then the lowest is at least 1. */
  readonly log?: boolean;
}

/**
 * A whole number from `low` to `high`, both of them included.
 *
 * Errors: `bad-value`.
 *
 * @example
 * import { int } from 'stratus';
 * const units = int(16, 256, { step: 16 });
 * console.log(units.has(48), units.has(50)); // true false
 */
export function int(low: number, high: number, { step = 1, log = false }: IntOptions = {}): Domain<number> {
  checkBounds('int', low, high, { whole: true, ...(log && { above: 0 }) });
  checkWhole('int', 'step', step, 1);
  const last = Math.floor((high - low) / step);
  const [scale, back] = log ? [Math.log, Math.exp] : [(x: number) => x, (x: number) => x];
  // Every value has a part of the axis around it, so that the lowest and the highest are drawn as often as the others. Nothing below half of
  // the lowest: with large steps the logarithm would begin below 0.
  const half = log ? Math.min(step / 2, low / 2) : step / 2;
  const [from, to] = [scale(low - half), scale(low + last * step + step / 2)];
  const place = (x: number): number => (scale(x) - from) / (to - from);
  const nearest = (x: number): number => low + step * Math.min(last, Math.max(0, Math.round((x - low) / step)));
  const toNumber = (p: number): number => nearest(back(from + p * (to - from)));
  return line({
    kind: 'int',
    has: (value) => Number.isSafeInteger(value) && nearest(value as number) === value,
    toNumber,
    toPlace: place,
    cell: (value) => [value === low ? 0 : place(value - step / 2), value === low + last * step ? 1 : place(value + step / 2)],
    levels: (count) => {
      if (last < count) return Array.from({ length: last + 1 }, (_, i) => low + i * step);
      const [a, b] = [scale(low), scale(low + last * step)];
      return [...new Set(evenly(count).map((p) => nearest(back(a + p * (b - a)))))];
    },
    json: () => ({ int: [low, high], ...(step !== 1 && { step }), ...(log && { log }) }),
  });
}
