// ONNX Runtime's fast convolutions want their kernels to be constants, which in training they are not, and channels in blocks.
import { type Graph, type Node, type Runs, rewrite, type Value } from '../graph/index.ts';
import { convOp, convWindows, planeConvolution, planeWindows } from '../ops/index.ts';
import { asConvolution } from './as-convolution.ts';

/** The same convolution as a kernel of our own does it; undefined where there is none, or ONNX Runtime's product of matrices is as good. */
function onPlanes(node: Node, ins: Node['ins'], runs: Runs): Value | undefined {
  const [x, w, bias] = ins as readonly [Value, Value, Value | undefined];
  if (node.op !== convOp.op || x.shape.length !== 4 || w.data || node.attrs['group'] !== 1) return undefined;
  const { placed } = convWindows('Conv', { X: x, W: w, B: bias }, node.attrs as never);
  const windows = placed.every((axis) => axis !== undefined) ? planeWindows(placed) : undefined;
  const taps = (windows?.tall ?? 1) * (windows?.wide ?? 1);
  if (!windows || taps === 1) return undefined;
  const y = planeConvolution(x, w, bias, windows);
  return runs(y.node!) ? y : undefined;
}

/**
 * Lets convolutions of two axes run on images as they lie, if the engine has the kernel. Transposed convolutions without strides, which gradients of
 * images are, become convolutions with flipped kernels.
 *
 * Shapes: inputs and outputs are the same.
 * @internal
 */
export function planeConvolutions(graph: Graph, runs: Runs): Graph {
  const names = Object.keys(graph.outputs);
  const given = Object.values(graph.outputs);
  const outputs = rewrite(given, (node, ins) => {
    const turned = asConvolution(node, ins);
    const y = turned ? onPlanes(turned.node!, turned.node!.ins, runs) : onPlanes(node, ins, runs);
    return y && [y];
  });
  return outputs.every((value, i) => value === given[i])
    ? graph
    : { ...graph, outputs: Object.fromEntries(names.map((name, i) => [name, outputs[i]!])) };
}
