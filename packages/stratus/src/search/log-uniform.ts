import { checkBounds } from './bounds.ts';
import { type Domain, evenly, line } from './domain.ts';

/**
 * Any number from `low` to `high`, each order of magnitude as likely as the other: for learning rates and other factors. Both are above 0.
 *
 * Errors: `bad-value`.
 *
 * @example
 * import { logUniform } from 'stratus';
 * const learningRate = logUniform(1e-5, 1e-1);
 * console.log(learningRate.at(0.5)); // 0.001
 */
export function logUniform(low: number, high: number): Domain<number> {
  checkBounds('logUniform', low, high, { above: 0 });
  const [from, to] = [Math.log(low), Math.log(high)];
  const toNumber = (place: number): number => Math.min(high, Math.max(low, Math.exp(from + place * (to - from))));
  return line({
    kind: 'logUniform',
    has: (value) => typeof value === 'number' && value >= low && value <= high,
    toNumber,
    toPlace: (value) => (to === from ? 0.5 : (Math.log(value) - from) / (to - from)),
    levels: (count) => (low === high ? [low] : evenly(count).map(toNumber)),
    json: () => ({ logUniform: [low, high] }),
  });
}
