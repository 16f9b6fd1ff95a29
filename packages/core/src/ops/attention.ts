// Attention as a kernel of our own has it, all of it and its gradient at once; elsewhere products of stacks of matrices.
import { fail } from '../errors.ts';
import { type Info, ownDomain, type Value } from '../graph/index.ts';
import { type Dim, dimsDiffer, type Shape, showShape, sizeOf } from '../tensor/index.ts';
import type { OpCase } from './case.ts';
import { defineOp } from './define.ts';
import { type HeadStack, stackHeads, stackWeights, unstackHeads, unstackWeights, withBias } from './head-stacks.ts';
import { matMul } from './mat-mul.ts';
import { mul } from './mul.ts';
import { reduceSum } from './reduce-sum.ts';
import { sameDtype } from './rules.ts';
import { softmax } from './softmax.ts';
import { sub } from './sub.ts';
import { transpose } from './transpose.ts';

const what = 'Attention';
const attrs = { scale: { kind: 'float', default: 1 } } as const;
type Sizes = readonly [batch: Dim, steps: Dim, heads: Dim, width: Dim];
const sizes = ({ shape }: { readonly shape: Shape }): Sizes => shape as unknown as Sizes;
const float32 = (ins: readonly (Value | undefined)[]): boolean => ins.every((v) => !v || v.dtype === 'float32');
const turned = (x: Value): Value => transpose(x, [0, 2, 1]);

/** The stacks of queries, and of keys and values. */
function stacksOf(q: Value, k: Value): readonly [HeadStack, HeadStack] {
  const [[batch, queries, heads], [, keys, groups]] = [sizes(q), sizes(k)] as [Sizes, Sizes];
  const own = { batch, groups: groups as number, shared: (heads as number) / (groups as number), steps: queries };
  return [own, { ...own, shared: 1, steps: keys }];
}

function mustFit(name: string, info: Info, shape: Shape, spread: readonly number[] = []): void {
  const from = shape.length - info.shape.length;
  const fits = info.shape.every((d, i) => !dimsDiffer(d, shape[from + i]!) || (d === 1 && spread.includes(from + i)));
  if (fits && (from === 0 || (from === 2 && spread.length > 0))) return;
  throw fail('shape-mismatch', { what, got: `${name} ${showShape(info.shape)}`, want: showShape(shape) });
}

/** How {@link droppingAttention} is made. */
export interface Dropping {
  readonly scale: number;
  /** What becomes of the weights and of what they are multiplied by. */
  readonly drop: (weights: Value, values: Value) => readonly [Value, Value];
}

function inProducts(
  q: Value,
  { k, v, bias }: HeadAttentionInputs,
  { scale, drop }: Dropping,
): { readonly y: Value; readonly p: Value } {
  const [own, other] = stacksOf(q, k);
  const scores = matMul(mul(stackHeads(q, own), scale), turned(stackHeads(k, other)));
  const p = softmax(bias ? withBias(scores, bias, own) : scores);
  return { y: unstackHeads(matMul(...drop(p, stackHeads(v, other))), own), p: unstackWeights(p, own) };
}

/** @internal */
export const attentionOp = defineOp({
  type: 'Attention',
  domain: ownDomain,
  since: 1,
  inputs: ['q', 'k', 'v'],
  optional: ['bias'],
  outputs: ['y', 'p'],
  attrs,
  suits: ({ ins }) => float32(ins),
  flops: ({ q, v }, { p }) => 2 * sizeOf(p.shape) * (q.shape[3]! + v.shape[3]!),
  infer({ q, k, v, bias }) {
    const dtype = sameDtype(what, q, k);
    for (const other of [v, ...(bias ? [bias] : [])]) sameDtype(what, q, other);
    const [batch, queries, heads, width] = sizes(q);
    const [, keys, groups] = sizes(k);
    const wide = v.shape[3]!;
    const divides = typeof heads === 'number' && typeof groups === 'number' && groups > 0 && heads % groups === 0;
    if (q.shape.length !== 4 || !divides)
      throw fail('shape-mismatch', {
        what,
        got: `q ${showShape(q.shape)} and k ${showShape(k.shape)}`,
        want: 'q [batch, queries, heads, width], and k with as many heads or a part of them',
      });
    mustFit('k', k, [batch, keys!, groups, width!]);
    mustFit('v', v, [batch, keys!, groups, wide]);
    if (bias) mustFit('bias', bias, [batch, 1, queries!, keys!], [0, 2]);
    return { y: { dtype, shape: [batch, queries!, heads, wide] }, p: { dtype, shape: [batch, heads, queries!, keys!] } };
  },
  expand: ({ q, k, v, bias }, { scale }) => inProducts(q, { k, v, bias }, { scale, drop: (p, to) => [p, to] }),
  grad({ q, k, v, bias, y, p, dy }, { scale }, { given, wanted }) {
    if (given[1] || (bias && wanted[3])) return 'expanded'; // what only gradients read is differentiated only for gradients of gradients
    const { dq, dk, dv } = attentionGradientOp({ q, k, v, p, y, dy }, { scale });
    return { q: dq, k: dk, v: dv, bias: null };
  },
});

/** @internal */
export const attentionGradientOp = defineOp({
  type: 'AttentionGradient',
  domain: ownDomain,
  since: 1,
  inputs: ['q', 'k', 'v', 'p', 'y', 'dy'],
  outputs: ['dq', 'dk', 'dv'],
  attrs,
  suits: ({ ins }) => float32(ins),
  flops: ({ q, v, p }) => 4 * sizeOf(p.shape) * (q.shape[3]! + v.shape[3]!),
  infer: ({ q, k, v }) => ({ dq: q, dk: k, dv: v }),
  expand({ q, k, v, p: weights, y, dy }, { scale }) {
    const [own, other] = stacksOf(q, k);
    const [queries, keys, values] = [mul(stackHeads(q, own), scale), stackHeads(k, other), stackHeads(v, other)];
    const [p, result, d] = [stackWeights(weights, own), stackHeads(y, own), stackHeads(dy, own)];
    // Of y = p v, with g the gradient of p, the sum of g p along a row is that of dy y, which is not as wide.
    const inner = reduceSum(mul(d, result), { axes: [-1], keepDims: true });
    const scores = mul(p, sub(matMul(d, turned(values)), inner));
    return {
      dq: unstackHeads(mul(matMul(scores, keys), scale), own),
      dk: unstackHeads(matMul(turned(scores), queries), other),
      dv: unstackHeads(matMul(turned(p), d), other),
    };
  },
  grad: 'expanded',
});

/** What {@link headAttention} takes besides queries. */
export interface HeadAttentionInputs {
  readonly k: Value;
  readonly v: Value;
  /** Added to scores: `[queries or 1, keys]` or `[batch or 1, 1, queries or 1, keys]`. */
  readonly bias?: Value | undefined;
}

/**
 * `softmax(scale q kᵀ + bias) v` for each head. Heads of keys and values may each serve several heads of queries. A bias of -1e9 hides a key,
 * unless all keys of a query are hidden.
 *
 * Shapes: `q [batch, queries, heads, width], k [batch, keys, groups, width], v [batch, keys, groups, wide] -> [batch, queries, heads, wide]`.
 * Errors: `shape-mismatch`, `dtype-mismatch`. Source: Vaswani et al. 2017; Ainslie et al. 2023 (groups); the row sums of its gradient: Dao et al. 2022.
 *
 * @internal
 */
export const headAttention = (
  q: Value,
  { k, v, bias }: HeadAttentionInputs,
  { scale = 1 }: { readonly scale?: number } = {},
): Value => attentionOp({ q, k, v, bias }, { scale }).y;

/**
 * As {@link headAttention}, with some of the weights dropped on the way: as products of stacks, for which there is no kernel of our own.
 *
 * @internal
 */
export const droppingAttention = (q: Value, inputs: HeadAttentionInputs, how: Dropping): Value => inProducts(q, inputs, how).y;

const attended = (q: string, bias = ''): string =>
  `(torch.softmax(0.5 * ${q}.permute(0, 2, 1, 3) @ b.permute(0, 2, 3, 1)${bias}, -1) @ c.permute(0, 2, 1, 3)).permute(0, 2, 1, 3)`;

/** @internal */
export const attentionCases: OpCase[] = [
  {
    ins: [
      [2, 3, 2, 4],
      [2, 5, 2, 4],
      [2, 5, 2, 3],
    ],
    build: (q, k, v) => headAttention(q, { k, v }, { scale: 0.5 }),
    torch: attended('a'),
  },
  {
    name: 'with a bias',
    ins: [
      [2, 3, 2, 4],
      [2, 3, 2, 4],
      [2, 3, 2, 4],
      [3, 3],
    ],
    build: (q, k, v, bias) => headAttention(q, { k, v, bias }, { scale: 0.5 }),
    torch: attended('a', ' + d'),
  },
  {
    name: 'heads that share keys, a bias of each batch',
    ins: [
      [2, 3, 4, 3],
      [2, 2, 2, 3],
      [2, 2, 2, 3],
      [2, 1, 1, 2],
    ],
    build: (q, k, v, bias) => headAttention(q, { k, v, bias }, { scale: 0.5 }),
    torch:
      '(torch.softmax(0.5 * a.permute(0, 2, 1, 3) @ b.repeat_interleave(2, 2).permute(0, 2, 3, 1) + d, -1) @ c.repeat_interleave(2, 2).permute(0, 2, 1, 3)).permute(0, 2, 1, 3)',
  },
];
