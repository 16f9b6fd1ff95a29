import type { Value } from '../graph/index.ts';
import { add } from './add.ts';
import { mul } from './mul.ts';
import { sigmoid } from './sigmoid.ts';
import { tanh } from './tanh.ts';

type Activation = ((x: Value) => Value) | undefined;
type Gate = 'i' | 'f' | 'o' | 'fresh';

/**
 * One step of a long short-term memory: the next h and c, and the gates, from the sums before the gates and before the candidate, `[batch, units]` each. A
 * gate by itself is an activation more than all three together, but what the gradient needs of them is stacked once.
 *
 * @internal
 */
export function lstmStep(
  sums: { readonly [S in Gate]: Value },
  c: Value,
  { gate = sigmoid, candidate = tanh, result = tanh }: { readonly [A in 'gate' | 'candidate' | 'result']?: Activation } = {},
): { readonly h: Value; readonly c: Value; readonly gates: { readonly [G in Gate]: Value } } {
  const gates = { i: gate(sums.i), f: gate(sums.f), o: gate(sums.o), fresh: candidate(sums.fresh) };
  const next = add(mul(gates.f, c), mul(gates.i, gates.fresh));
  return { h: mul(gates.o, result(next)), c: next, gates };
}
