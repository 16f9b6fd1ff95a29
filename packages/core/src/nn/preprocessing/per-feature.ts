import { fail } from '../../errors.ts';
import { constant, type Value } from '../../graph/index.ts';
import { checkOptions, type Rule } from '../../options.ts';
import { tensor } from '../../tensor/index.ts';

/** One number for all features, or one for each along the last axis. */
export type PerFeature = number | readonly number[];

/** Errors: `bad-value`. */
export function checkPerFeature(what: string, name: string, numbers: PerFeature, rule: Rule): void {
  const list = typeof numbers === 'object' && numbers !== null ? numbers : [numbers];
  if (list.length === 0) throw fail('bad-value', { what, got: `${name} = []`, want: 'a number, or one for each feature' });
  for (const number of list) checkOptions(what, { [name]: number }, { [name]: rule });
}

/** The numbers in the dtype of `x`, if they fit its last axis. Errors: `shape-mismatch`. */
export function constantLike(what: string, x: Value, numbers: PerFeature): Value {
  const features = x.shape.at(-1);
  if (typeof numbers !== 'number' && typeof features === 'number' && features !== numbers.length)
    throw fail('shape-mismatch', { what, got: `${features} features`, want: `${numbers.length}, as many as numbers are given` });
  return constant(tensor(typeof numbers === 'number' ? numbers : [...numbers], { dtype: x.dtype }));
}
