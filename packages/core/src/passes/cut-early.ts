// A classifier reads the first step of a text and nothing else of the last layer; an engine calculates all of it all the same.
import { apply, type Graph, type Node, rewrite, toposort, type Value, withOutputs } from '../graph/index.ts';
import {
  geluOp,
  gemmOp,
  layerNormalizationOp,
  matMulOp,
  reshape,
  reshapeOp,
  slice,
  sliceOp,
  softmaxOp,
  stretchOf,
  transposeOp,
} from '../ops/index.ts';
import { type Dim, type Shape, sizeOf } from '../tensor/index.ts';

/** A part of an axis: of each `size * inner` positions those from `first * inner` on, `count * inner` of them. */
interface Part {
  readonly axis: number;
  readonly size: number;
  readonly inner: number;
  readonly first: number;
  readonly count: number;
}

/** What is wanted of a value. */
type Wanted = Part | 'all';

/** What a node needs of each input, for a part of its first result; undefined where it needs all of them anyway. */
type Needs = (node: Node, part: Part) => readonly (Wanted | undefined)[] | undefined;

/** Of an input that broadcasts to the result. Undefined where it is not known whether it does. */
function along(input: Value | undefined, result: Value, part: Part): Wanted | undefined {
  if (!input) return 'all';
  const axis = part.axis - (result.shape.length - input.shape.length);
  if (axis < 0 || input.shape[axis] === 1) return 'all';
  return input.shape[axis] === result.shape[part.axis] ? { ...part, axis } : undefined;
}

const broadcast: Needs = ({ ins, outs }, part) => ins.map((input) => along(input, outs[0]!, part));

const knownSizeOf = (shape: Shape): number | undefined =>
  shape.every((d) => typeof d === 'number') ? sizeOf(shape as readonly number[]) : undefined;

/** The same elements of the same list of numbers in another shape. */
function reshaped({ axis, size, inner, ...part }: Part, from: Shape, to: Shape): Part | undefined {
  const behind = knownSizeOf(from.slice(axis + 1));
  if (behind === undefined) return undefined;
  for (let other = to.length - 1; other >= 0; other--) {
    const after = knownSizeOf(to.slice(other + 1));
    if (after === undefined) return undefined;
    const own = (inner * behind) / after;
    const isFirst = to.slice(0, other).every((d) => d === 1);
    const length = to[other]!;
    const fits = typeof length === 'number' ? length % (size * own) === 0 : isFirst;
    if (Number.isInteger(own) && length !== 0 && fits) return { ...part, axis: other, size, inner: own };
  }
  return undefined;
}

const needs = new Map<Node['op'], Needs>([
  [geluOp.op, broadcast],
  [
    gemmOp.op,
    ({ ins: [, , bias], attrs }, part) =>
      part.axis === 0 && !attrs['transA'] && (!bias || bias.shape.length < 2 || bias.shape[0] === 1)
        ? [part, 'all', 'all']
        : undefined,
  ],
  [
    matMulOp.op,
    ({ ins: [a, b], outs: [y] }, part) => {
      const rank = y!.shape.length;
      if (a!.shape.length < 2 || b!.shape.length < 2) return undefined;
      if (part.axis === rank - 2) return [{ ...part, axis: a!.shape.length - 2 }, 'all'];
      if (part.axis === rank - 1) return ['all', { ...part, axis: b!.shape.length - 1 }];
      return [along(a, y!, part), along(b, y!, part)];
    },
  ],
  [
    layerNormalizationOp.op,
    ({ ins: [x], attrs }, part) => {
      const axis = Number(attrs['axis'] ?? -1);
      return part.axis < (axis < 0 ? axis + x!.shape.length : axis) ? [part, 'all', 'all'] : undefined;
    },
  ],
  [
    softmaxOp.op,
    ({ ins: [x], attrs }, part) => {
      const axis = Number(attrs['axis'] ?? -1);
      return part.axis === (axis < 0 ? axis + x!.shape.length : axis) ? undefined : [part];
    },
  ],
  [
    transposeOp.op,
    ({ ins: [x], attrs }, part) => {
      const order = (attrs['perm'] as readonly number[] | undefined) ?? x!.shape.map((_, i) => x!.shape.length - 1 - i);
      return [{ ...part, axis: order[part.axis]! }];
    },
  ],
  [
    reshapeOp.op,
    ({ ins: [x], outs: [y] }, part) => (hasOneUnknown(y!.shape) ? [reshaped(part, y!.shape, x!.shape), 'all'] : undefined),
  ],
]);

const hasOneUnknown = (shape: Shape): boolean => shape.filter((d) => typeof d !== 'number').length < 2;
const isAxis = (shape: Shape, { axis, size, inner }: Part): boolean => inner === 1 && shape[axis] === size;
/** True where a part can be taken out of a value of this shape. */
const canTake = (shape: Shape, part: Part): boolean => isAxis(shape, part) || hasOneUnknown(shape);
const same = (a: Wanted, b: Wanted): boolean => a === b || textOf(a) === textOf(b);
const textOf = (wanted: Wanted): string =>
  wanted === 'all' ? wanted : [wanted.axis, wanted.size, wanted.inner, wanted.first, wanted.count].join();

/** What is needed of the inputs of a node of whose first result a part is wanted. Undefined: all of them, and of the result as well. */
function needsOf(node: Node, part: Part): readonly Wanted[] | undefined {
  const rule = needs.get(node.op) ?? (node.op.elementwise === undefined ? undefined : broadcast);
  const wanted = rule?.(node, part);
  const can = wanted?.every((one, i) => one !== undefined && (one === 'all' || canTake(node.ins[i]!.shape, one)));
  return can ? (wanted as readonly Wanted[]) : undefined;
}

/** Files without nodes of this type have nothing that could be cut. */
export const cutEarlyBegins = sliceOp.op.type;

/** What a slice takes of a matrix or more, where that is less than half of an axis. */
function partOf(node: Node): Part | undefined {
  const part = stretchOf(node);
  const isLess = part && part.count > 0 && 2 * part.count < part.size && node.ins[0]!.shape.length > 1;
  return isLess ? { ...part, inner: 1 } : undefined;
}

/** Takes a part out of a value. */
function take(x: Value, part: Part): Value {
  const { axis, size, inner, first, count } = part;
  const cut = (value: Value, at: number): Value => slice(value, { starts: [first], ends: [first + count], axes: [at] });
  if (isAxis(x.shape, part)) return cut(x, axis);
  const [before, after] = [x.shape.slice(0, axis), x.shape.slice(axis + 1)];
  const length = x.shape[axis]!;
  const outer = typeof length === 'number' ? length / (size * inner) : length;
  const several = reshape(x, sizes([...before, outer, size, inner, ...after]));
  return reshape(cut(several, axis + 1), sizes(shapeOf(x.shape, part)));
}

/** The shape of a part of a value. */
const shapeOf = (shape: Shape, { axis, size, count }: Part): Shape =>
  shape.with(axis, typeof shape[axis] === 'number' ? (shape[axis] / size) * count : shape[axis]!);

/** For `reshape`: a size that is known only at run time is what remains. */
const sizes = (shape: Shape): number[] => shape.map((d: Dim) => (typeof d === 'number' ? d : -1));

/**
 * Calculates only what is read. Where nothing but a part of some axis is read of a value, the nodes that make it work on that part alone, up to where more is
 * needed: of a Transformer whose first step is classified, the last layer needs keys and values of all steps, and of everything else the first step's.
 *
 * Shapes: inputs and outputs are the same. Values: the same but for rounding.
 * @internal
 */
export function cutEarly(graph: Graph): Graph {
  const given = Object.values(graph.outputs);
  const wanted = new Map<Value, Wanted>();
  const want = (value: Value | undefined, what: Wanted): void => {
    if (value) wanted.set(value, same(wanted.get(value) ?? what, what) ? what : 'all');
  };
  for (const value of given) want(value, 'all');
  const lessened = new Map<Node, { readonly part: Part; readonly ins: readonly Wanted[] }>();
  for (const node of toposort(given).reverse()) {
    const [first, ...rest] = node.outs;
    const part = wanted.get(first!);
    const isPart = part !== undefined && part !== 'all' && rest.every((value) => !wanted.has(value));
    const ins = isPart ? needsOf(node, part) : undefined;
    if (ins) lessened.set(node, { part: part as Part, ins });
    const read = partOf(node);
    for (const [i, input] of node.ins.entries()) want(input, ins?.[i] ?? (i === 0 ? read : undefined) ?? 'all');
  }
  if (lessened.size === 0) return graph;
  const isLess = (value: Value | undefined): boolean => value?.node !== undefined && lessened.has(value.node);
  const taken = new Map<Value, Map<string, Value>>();
  const partOnce = (value: Value, part: Part): Value => {
    const known = taken.get(value) ?? new Map<string, Value>();
    taken.set(value, known);
    const key = textOf(part);
    const one = known.get(key) ?? take(value, part);
    known.set(key, one);
    return one;
  };
  const outputs = rewrite(given, (node, ins) => {
    if (isLess(node.ins[0]) && partOf(node)) return [ins[0]!]; // the slice itself
    const less = lessened.get(node);
    if (!less) return undefined;
    const own = ins.map((value, i) => {
      const what = less.ins[i]!;
      return !value || what === 'all' || isLess(node.ins[i]) ? value : partOnce(value, what);
    });
    if (node.op === reshapeOp.op) return [reshape(own[0]!, sizes(shapeOf(node.outs[0]!.shape, less.part)))];
    return apply(node.op, own, node.attrs);
  });
  return withOutputs(graph, outputs);
}
