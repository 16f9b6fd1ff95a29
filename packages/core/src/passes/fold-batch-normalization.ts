// ONNX Runtime folds a normalisation into a convolution when it loads a model; other tools and other pairs of nodes do without.
import { apply, atPath, constant, type Graph, type Node, substitute, toposort, type Value } from '../graph/index.ts';
import { add } from '../ops/index.ts';
import { type Shape, tensor } from '../tensor/index.ts';

/** How an op that is linear in its weights holds them. */
interface Linear {
  /** The output channel of an element of the weights, from its position counted through all of them. Undefined: it has no such rule. */
  channelOf(weights: Shape, attrs: Node['attrs']): ((position: number) => number) | undefined;
  /** False where the bias is added by a node of its own. */
  readonly takesBias: boolean;
  /** True where channels are the last axis of the result, which a normalisation has second. */
  readonly matrix?: boolean;
}

const stride = (shape: Shape, axis: number): number => (shape.slice(axis + 1) as number[]).reduce((a, b) => a * b, 1);
const along = (shape: Shape, axis: number) => (position: number) =>
  Math.floor(position / stride(shape, axis)) % (shape[axis] as number);

const linear: Readonly<Record<string, Linear>> = {
  Conv: { takesBias: true, channelOf: (shape) => along(shape, 0) },
  ConvTranspose: {
    takesBias: true,
    channelOf(shape, { group }) {
      // [in, out / group, ...]: each group of input channels has output channels of its own.
      const [each, within, from] = [shape[1] as number, along(shape, 1), along(shape, 0)];
      const width = (shape[0] as number) / Number(group ?? 1);
      return (position) => Math.floor(from(position) / width) * each + within(position);
    },
  },
  Gemm: {
    takesBias: true,
    matrix: true,
    channelOf: (shape, { alpha = 1, beta = 1, transB = 0 }) =>
      alpha === 1 && beta === 1 ? along(shape, transB ? 0 : 1) : undefined,
  },
  MatMul: { takesBias: false, matrix: true, channelOf: (shape) => (shape.length === 2 ? along(shape, 1) : undefined) },
};

/** What of a graph can become one node (and an addition after a product). */
interface Found {
  readonly normalization: Node;
  readonly node: Node;
  readonly weights: Value;
  readonly bias: Value | undefined;
  readonly channelOf: (position: number) => number;
  /** How often each value is read. */
  readonly uses: ReadonlyMap<Value, number>;
}

/**
 * Takes each batch normalisation into the node before it: `Conv`, `ConvTranspose`, `Gemm` or `MatMul` with constant weights, whose
 * result nothing else reads, becomes one node with other weights. What cannot be folded stays. For inference: what was folded
 * cannot be trained on.
 *
 * Shapes: inputs and outputs are the same. Source: Jacob et al. 2018 (1712.05877), section 3.2; torch.nn.utils.fuse_conv_bn_eval.
 *
 * @example
 * import { constant, foldBatchNormalization, full, graphInput, ops, printGraph } from '@stratus/core';
 * const x = graphInput('x', ['batch', 3, 8, 8]);
 * const [one, zero] = [constant(full([4], 1)), constant(full([4], 0))];
 * const hidden = ops.conv(x, constant(full([4, 3, 3, 3], 0.1)));
 * const y = ops.batchNormalization(hidden, { scale: one, bias: zero, mean: zero, variance: one });
 * const folded = foldBatchNormalization({ name: 'net', inputs: [x], outputs: { y } });
 * console.log(printGraph(folded).includes('BatchNormalization')); // false
 */
export function foldBatchNormalization(graph: Graph): Graph {
  let outputs = Object.values(graph.outputs);
  for (let found = find(outputs); found; found = find(outputs))
    outputs = substitute(outputs, new Map([[found.normalization.outs[0]!, folded(found)]]));
  return { ...graph, outputs: Object.fromEntries(Object.keys(graph.outputs).map((name, i) => [name, outputs[i]!])) };
}

const isOp = (node: Node | undefined, type: string): boolean => node?.op.domain === '' && node.op.type === type;

function find(outputs: readonly Value[]): Found | undefined {
  const order = toposort(outputs);
  const uses = new Map<Value, number>();
  for (const value of [...outputs, ...order.flatMap(({ ins }) => ins)]) if (value) uses.set(value, (uses.get(value) ?? 0) + 1);
  for (const normalization of order) {
    if (!isOp(normalization, 'BatchNormalization')) continue;
    const [x, ...lists] = normalization.ins;
    if (!lists.every((list) => list?.data) || uses.get(x!) !== 1) continue;
    const found = linearBefore(x!, uses);
    if (found) return { normalization, ...found, uses };
  }
  return undefined;
}

/** The node whose result this is, as it is or with a constant for each channel added. */
function linearBefore(x: Value, uses: ReadonlyMap<Value, number>): Omit<Found, 'normalization' | 'uses'> | undefined {
  const { node, shape } = x;
  if (node?.op.domain !== '') return undefined;
  if (isOp(node, 'Add')) {
    const [a, b] = node.ins;
    const [sum, added] = b?.data ? [a!, b] : [b!, a!];
    if (!added.data || uses.get(sum) !== 1 || !isPerChannel(added.shape, shape) || isOp(sum.node, 'Add')) return undefined;
    const before = linearBefore(sum, uses);
    return before && !before.bias ? { ...before, bias: added } : undefined;
  }
  const rule = Object.hasOwn(linear, node.op.type) ? linear[node.op.type]! : undefined;
  const [, weights, bias] = node.ins;
  const exact = weights?.data && (weights.dtype === 'float32' || weights.dtype === 'float64');
  if (!rule || !exact || (rule.matrix && shape.length !== 2)) return undefined;
  if (bias && !(bias.data && isPerChannel([...bias.shape, ...shape.slice(2).map(() => 1)], shape))) return undefined;
  const channelOf = rule.channelOf(weights.shape, node.attrs);
  return channelOf && { node, weights, bias, channelOf };
}

/** True for one number for each channel, lying so that it broadcasts to a result of `shape`. */
function isPerChannel(list: Shape, shape: Shape): boolean {
  const want = [shape[1]!, ...shape.slice(2).map(() => 1)];
  const lead = list.length - want.length;
  return lead >= 0 && list.every((size, i) => size === (want[i - lead] ?? 1));
}

/** The node with the normalisation in its weights: `W a` and `(bias - mean) a + b`, where `a = scale / sqrt(variance + epsilon)`. */
function folded({ normalization, node, weights, bias, channelOf, uses }: Found): Value {
  const [scale, shift, mean, variance] = normalization.ins.slice(1).map((list) => list!.data!.data as Float32Array);
  const epsilon = Number(normalization.attrs['epsilon'] ?? 1e-5);
  const by = Array.from(scale!, (s, i) => s / Math.sqrt(variance![i]! + epsilon));
  const old = bias?.data?.data as Float32Array | undefined;
  const { dtype } = weights;
  // Those that others read too keep their name.
  const nameOf = (value: Value | undefined): string | undefined => (value && uses.get(value) === 1 ? value.name : undefined);
  const lists = Array.from(by, (a, i) => ((old?.[i] ?? 0) - mean![i]!) * a + shift![i]!);
  const scaled = Array.from(weights.data!.data as Float32Array, (w, i) => w * by[channelOf(i)]!);
  return atPath(node.path, () => {
    const w = constant(tensor(scaled, { dtype }).reshape(weights.shape as number[]), nameOf(weights));
    const b = constant(tensor(lists, { dtype }), nameOf(bias));
    return linear[node.op.type]!.takesBias
      ? apply(node.op, [node.ins[0], w, b], node.attrs)[0]!
      : add(apply(node.op, [node.ins[0], w], node.attrs)[0]!, b);
  });
}
