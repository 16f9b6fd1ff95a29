import { substitute } from './substitute.ts';
import type { Value } from './value.ts';

/**
 * Values that stand for others, for calculations that must not see where those come from, and the way back: the same calculation on the values
 * themselves.
 */
export function standIns<V extends Value | undefined>(
  values: readonly V[],
): { readonly ins: V[]; readonly back: (results: readonly Value[]) => Value[] } {
  const ins = values.map((value, i) => value && { ...bare(value), index: 0, name: `in_${i}` }) as V[];
  const real = new Map<Value, Value>();
  for (const [i, value] of values.entries()) if (value) real.set(ins[i]!, value);
  return { ins, back: (results) => substitute(results, real) };
}

const bare = ({ dtype, shape, dims, data }: Value) => ({ dtype, shape, ...(dims && { dims }), ...(data && { data }) });
