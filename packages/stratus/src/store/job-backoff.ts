const longestMs = 60 * 60 * 1000;
/** More than an hour, of a millisecond; so that nothing, twice as long again and again, stays nothing and does not become no number. */
const mostDoublings = 22;

/**
 * How long to wait after so many failures in a row: twice as long each time, at most an hour, and of that a random part from a half to the whole, so that those which
 * failed together do not come again together. `random`: from 0 to 1.
 */
export const backoffMs = (failures: number, firstMs: number, random: number): number =>
  Math.round(Math.min(longestMs, firstMs * 2 ** Math.min(mostDoublings, Math.max(0, failures - 1))) * (0.5 + random / 2));
