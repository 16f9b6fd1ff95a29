import { checkBounds } from './bounds.ts';
import { type Domain, evenly, line } from './domain.ts';

/**
 * Any number from `low` to `high`, each as likely as the other.
 *
 * Errors: `bad-value`.
 *
 * @example
 * import { uniform } from 'stratus';
 * const dropout = uniform(0, 0.5);
 * console.log(dropout.has(0.2)); // true
 */
export function uniform(low: number, high: number): Domain<number> {
  checkBounds('uniform', low, high);
  const toNumber = (place: number): number => Math.min(high, Math.max(low, low + place * (high - low)));
  return line({
    kind: 'uniform',
    has: (value) => typeof value === 'number' && value >= low && value <= high,
    toNumber,
    toPlace: (value) => (high === low ? 0.5 : (value - low) / (high - low)),
    levels: (count) => (low === high ? [low] : evenly(count).map(toNumber)),
    json: () => ({ uniform: [low, high] }),
  });
}
