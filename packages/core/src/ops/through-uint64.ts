// The stream of random numbers calculates in uint32, and some devices have half of what it needs: products, but no shifts. A calculation that
// changes between two processors at every second step is slow, so all of it goes through uint64, which only the slower one of them has.
import type { Value } from '../graph/index.ts';
import { cast } from './cast.ts';

/** `apply` on uint32 by way of uint64; the lower half is the same, as sums and products wrap. Undefined for other dtypes. */
export function throughUint64(ins: readonly Value[], apply: (ins: readonly Value[]) => Value): Value | undefined {
  if (ins[0]!.dtype !== 'uint32') return undefined;
  return cast(apply(ins.map((x) => (x.dtype === 'uint32' ? cast(x, 'uint64') : x))), 'uint32');
}
