import { fail } from '../errors.ts';
import { atPath, constant, type Node, portable, standIns, toposort, type Value } from '../graph/index.ts';
import { add, expandLike } from '../ops/index.ts';
import { full, isFloat } from '../tensor/index.ts';
import { type Parts, Recomputed } from './recompute.ts';
import { sumTo } from './sum-to.ts';

/**
 * Reverse-mode differentiation, from graph to graph: for each value of `wrt`, a value that computes the gradient of
 * `sum(y * seed)`. `seed` is 1 everywhere unless given. The answer is made of ordinary ops, so it can be differentiated again.
 *
 * Shapes: each gradient has the shape of its value. Errors: `no-gradient` when an op on the way has no rule.
 * Source: Griewank and Walther, Evaluating Derivatives (2008), chapter 3; torch.autograd.grad.
 *
 * @example
 * import { grad, graphInput, ops } from '@stratus/core';
 * const x = graphInput('x', [3]);
 * const [dx] = grad(ops.reduceSum(ops.mul(x, x)), [x]); // 2 x
 * console.log(dx!.shape); // [3]
 */
export const grad = (y: Value, wrt: readonly Value[], seed: Value = onesLike(y), { recompute }: GradOptions = {}): Value[] =>
  pullBack([y], [seed], wrt, recompute).map((cotangent, i) => cotangent ?? zerosLike(wrt[i]!));

/** What can be said about the way back. */
export interface GradOptions {
  /**
   * Parts of the calculation, by any name, whose values are not kept but calculated a second time where their gradient is: less memory, more
   * time, the same bits. What one part reads of another is kept. Source: Chen et al. 2016 (1604.06174).
   */
  readonly recompute?: Parts | undefined;
}

/** As {@link grad}, of several values. Undefined stands for zero: that of a seed, and that of a value that nothing depends on. */
function pullBack(
  ys: readonly Value[],
  seeds: readonly (Value | undefined)[],
  wrt: readonly Value[],
  parts?: Parts,
): (Value | undefined)[] {
  const order = toposort(ys);
  const recomputed = parts && new Recomputed(parts, { order, results: ys, plain: wrt });
  const wanted = new Set<Value>(wrt);
  for (const node of order) if (node.ins.some((v) => v && wanted.has(v))) for (const out of node.outs) wanted.add(out);

  const cotangents = new Map<Value, Value>();
  for (const [i, y] of ys.entries()) if (seeds[i]) accumulate(cotangents, y, seeds[i]);
  for (const node of order.reverse()) {
    if (!node.outs.some((v) => wanted.has(v) && cotangents.has(v))) continue;
    atPath(backward(node.path), () => pullBackNode(node, wanted, cotangents, recomputed));
  }
  return wrt.map((v) => cotangents.get(v));
}

function accumulate(cotangents: Map<Value, Value>, x: Value, term: Value): void {
  const sum = cotangents.get(x);
  cotangents.set(x, sum ? add(sum, term) : term);
}

/** Adds what one node contributes to the cotangents of its inputs. */
function pullBackNode(
  node: Node,
  wanted: ReadonlySet<Value>,
  cotangents: Map<Value, Value>,
  recomputed: Recomputed | undefined,
): void {
  const { op, ins, outs, attrs } = node;
  if (op.gradient === 'zero') return;
  if (op.gradient === 'unknown') {
    const through = ins.find((v) => v && wanted.has(v) && isFloat(v.dtype));
    if (!through) return;
    throw fail('no-gradient', { op: op.type, at: node.path, path: `input ${ins.indexOf(through)} of ${op.type}` });
  }
  const late = recomputed && outs.map((v) => cotangents.get(v)).find((cotangent) => cotangent);
  const now = late ? { ...node, ...recomputed.of(node, late) } : node;
  const ruled =
    op.gradient === 'expanded'
      ? op.gradient
      : op.gradient({
          ins: now.ins,
          outs: now.outs,
          douts: outs.map((v, i) => cotangents.get(v) ?? zerosLike(now.outs[i]!)),
          attrs,
          wanted: ins.map((v) => v !== undefined && wanted.has(v)),
          given: outs.map((v) => cotangents.has(v)),
          pullBack,
        });
  const terms = ruled === 'expanded' ? pullBackExpanded(now, outs, cotangents) : ruled;
  for (const [i, term] of terms.entries()) {
    const x = ins[i];
    if (!term || !x || !wanted.has(x)) continue; // an unused term is unreachable, so it never runs
    accumulate(cotangents, x, sumTo(term, x.shape)); // the adjoint of any broadcast, done here once for every rule
  }
}

/** Through what the node's op is in other ops. `given`: its outputs as the cotangents know them. */
function pullBackExpanded(node: Node, given: readonly Value[], cotangents: ReadonlyMap<Value, Value>): (Value | null)[] {
  const { ins, back } = standIns(node.ins);
  const outs = node.op.expand!(ins, node.attrs, portable)!;
  const known = ins.filter((v) => v !== undefined);
  const seeds = given.map((v) => cotangents.get(v));
  const terms = new Map(pullBack(outs, seeds, known).map((term, i) => [known[i]!, term]));
  return ins.map((v) => {
    const term = v && terms.get(v);
    return term ? back([term])[0]! : null;
  });
}

const backward = (path: string): string => (path.endsWith('.bwd') || path === '' ? path : `${path}.bwd`);
const filled = (like: Value, value: number): Value => expandLike(constant(full([], value, like.dtype)), like);
const zerosLike = (like: Value): Value => filled(like, 0);
const onesLike = (like: Value): Value => filled(like, 1);
