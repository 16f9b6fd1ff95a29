import { fail } from '../../errors.ts';
import type { Value } from '../../graph/index.ts';
import { cast, less, mul, sub } from '../../ops/index.ts';
import { isInteger } from '../../tensor/index.ts';

/**
 * Token ids that Gather can be trusted with. It refuses those that are too large, but takes negative ones to count from the end:
 * they are moved so far down that it refuses them, too.
 */
export function tokenIds(what: string, x: Value, count: number): Value {
  if (!isInteger(x.dtype))
    throw fail('dtype-mismatch', {
      what,
      got: `token ids of ${x.dtype}`,
      want: 'whole numbers',
      fix: "Declare the input with input({ shape, dtype: 'int32' }).",
    });
  const ids = x.dtype === 'int64' ? x : cast(x, 'int32');
  return sub(ids, mul(cast(less(ids, 0), ids.dtype), count));
}
