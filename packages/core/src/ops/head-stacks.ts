// Heads of attention as stacks of matrices, for products of all of them at once.
import type { Value } from '../graph/index.ts';
import { type Dim, mulDims } from '../tensor/index.ts';
import { add } from './add.ts';
import { reshape, reshapeLike } from './reshape.ts';
import { transpose } from './transpose.ts';
import { unsqueeze } from './unsqueeze.ts';

/** How the rows of heads lie: `[batch * groups, shared * steps, width]`. Heads of queries that share keys lie one below the other. */
export interface HeadStack {
  readonly batch: Dim;
  /** Heads of keys and values. */
  readonly groups: number;
  /** Heads of queries that share one of those. */
  readonly shared: number;
  readonly steps: Dim;
}

/** `[batch, steps, groups * shared, width] -> [batch * groups, shared * steps, width]`: what one product takes. */
export function stackHeads(x: Value, { batch, groups, shared, steps }: HeadStack): Value {
  const width = x.shape[3]!;
  const first = mulDims(batch, groups);
  if (shared === 1) return reshape(transpose(x, [0, 2, 1, 3]), [first, steps, width]);
  const apart = transpose(reshape(x, [batch, steps, groups, shared, width]), [0, 2, 3, 1, 4]);
  return reshape(reshape(apart, [first, shared, steps, width]), [first, mulDims(shared, steps), width]);
}

/** `[batch * groups, shared * steps, width] -> [batch, groups, shared, steps, width]`, without the axis of those that share one alone. */
function apart(x: Value, { batch, groups, shared, steps }: HeadStack): Value {
  const [first, , width] = x.shape as [Dim, Dim, Dim];
  if (shared === 1) return reshape(x, [batch, groups, steps, width]);
  return reshape(reshape(x, [first, shared, steps, width]), [batch, groups, shared, steps, width]);
}

/** `[batch * groups, shared * steps, width] -> [batch, steps, groups * shared, width]`. */
export function unstackHeads(x: Value, stack: HeadStack): Value {
  const moved = transpose(apart(x, stack), stack.shared === 1 ? [0, 2, 1, 3] : [0, 3, 1, 2, 4]);
  return stack.shared === 1 ? moved : reshape(moved, [stack.batch, stack.steps, stack.groups * stack.shared, x.shape[2]!]);
}

/** `[batch * groups, shared * steps, keys] -> [batch, groups * shared, steps, keys]`, and back. */
export const unstackWeights = (p: Value, stack: HeadStack): Value =>
  reshape(apart(p, stack), [stack.batch, stack.groups * stack.shared, stack.steps, p.shape[2]!]);
export const stackWeights = (p: Value, { batch, groups, shared, steps }: HeadStack): Value =>
  shared === 1
    ? reshape(p, [mulDims(batch, groups), steps, p.shape[3]!])
    : reshape(reshape(p, [mulDims(batch, groups), shared, steps, p.shape[3]!]), [
        mulDims(batch, groups),
        mulDims(shared, steps),
        p.shape[3]!,
      ]);

/** Adds what is the same for all heads, `[tq, tk]` or `[batch, 1, tq or 1, tk]`, to `[batch * groups, shared * tq, tk]`. */
export function withBias(scores: Value, bias: Value, stack: HeadStack): Value {
  if (bias.shape.length === 2 && stack.shared === 1) return add(scores, bias);
  const fitting = bias.shape.length === 2 || stack.shared === 1 ? bias : unsqueeze(bias, { axes: [2] });
  return reshapeLike(add(apart(scores, stack), fitting), scores);
}
