import { fail } from '../errors.ts';

/** Numbers of a projected sample. */
const components = 16;
/** Each is a sum of so many of the sample's own, with signs. */
const terms = 64;

interface Plan {
  readonly places: Uint32Array;
  readonly signs: Float64Array;
}

const plans = new Map<number, Plan>();
/** Models have few inputs, and each one width. */
const mostPlans = 64;

/** Which numbers are summed with which signs: the same in every process, now and later. */
function planOf(width: number): Plan {
  const known = plans.get(width);
  if (known) return known;
  const each = Math.min(terms, width);
  const plan = { places: new Uint32Array(components * each), signs: new Float64Array(components * each) };
  let state = width >>> 0;
  const next = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0; // Numerical Recipes' generator
    return state / 2 ** 32;
  };
  for (let i = 0; i < plan.places.length; i++) {
    // One of each stretch of the sample: sums see all of it.
    const term = i % each;
    plan.places[i] = Math.floor(((term + next()) * width) / each);
    plan.signs[i] = (next() < 0.5 ? -1 : 1) / Math.sqrt(each);
  }
  const [oldest] = plans.keys();
  if (plans.size >= mostPlans) plans.delete(oldest!);
  plans.set(width, plan);
  return plan;
}

/**
 * A sample of many numbers (an image, a vector of words) as 16: sums of its numbers with fixed signs. Distances between samples stay about what they were, so that a shift of whole samples
 * shows in few numbers. Which numbers and signs depends on `width` alone.
 *
 * Shapes: the numbers from `start` on, `width` of them. Errors: `bad-value` where there are not so many. Source: Li, Hastie, Church 2006 (very sparse random projections).
 *
 * @example
 * import { sampleProjection } from '@stratus/core';
 * console.log(sampleProjection(new Float32Array(784), { width: 784 }).length); // 16
 */
export function sampleProjection(
  data: ArrayLike<number>,
  { start = 0, width }: { readonly start?: number; readonly width: number },
): Float64Array {
  if (!Number.isSafeInteger(width) || width < 1 || start < 0 || start + width > data.length)
    throw fail('bad-value', {
      what: 'sampleProjection',
      got: `${width} numbers from ${start} on of ${data.length}`,
      want: 'a sample that is there',
    });
  const { places, signs } = planOf(width);
  const sums = new Float64Array(components);
  const each = places.length / components;
  for (let k = 0, at = 0; k < components; k++) {
    let sum = 0;
    for (let i = 0; i < each; i++, at++) sum += data[start + places[at]!]! * signs[at]!;
    sums[k] = sum;
  }
  return sums;
}
