// Sums of products along rows that are known from elsewhere. In attention they save two passes over all pairs of steps: of y = p v, with
// g the gradient of p, the sum of g p along a row is that of dy y, which is as wide as v alone.
import type { Value } from '../graph/index.ts';
import { mul, mulOp } from './mul.ts';
import { reduceSum } from './reduce-sum.ts';

/** A product `y = a b` of matrices and the gradient of its result. */
interface Product {
  readonly a: Value;
  readonly y: Value;
  readonly dy: Value;
}

const products = new WeakMap<Value, Product>();

/** Remembers of what product `g = dy bᵀ` is the gradient. Gives back `g`. */
export function gradientOf(product: Product, g: Value): Value {
  products.set(g, product);
  return g;
}

/** `Σ_j g_ij p_ij` over the last axis, which stays with size 1. */
export function rowProduct(g: Value, p: Value): Value {
  const known = productOf(g, p);
  const [a, b] = known && isNarrower(known.y, p) ? [known.dy, known.y] : [g, p];
  return reduceSum(mul(a, b), { axes: [-1], keepDims: true });
}

/** The product whose rows the sums can be taken of: that of p, or that of p m (dropout) where g is the gradient of it times m. */
function productOf(g: Value, p: Value): Product | undefined {
  const direct = products.get(g);
  if (direct) return direct.a === p ? direct : undefined;
  if (g.node?.op !== mulOp.op) return undefined;
  const [inner, factor] = g.node.ins;
  const product = products.get(inner!);
  const { op, ins } = product?.a.node ?? {};
  return op === mulOp.op && ins![0] === p && ins![1] === factor ? product : undefined;
}

const isNarrower = (y: Value, p: Value): boolean => {
  const [own, other] = [y.shape[y.shape.length - 1]!, p.shape[p.shape.length - 1]!];
  return typeof own === 'number' && (typeof other === 'string' || own < other);
};
