// ONNX Runtime's fast convolutions want their kernels to be constants, which in training they are not, and channels in blocks.
import { type Graph, type Node, type Runs, rewrite, type Value, withOutputs } from '../graph/index.ts';
import { asPlaneConvolution, convOp } from '../ops/index.ts';
import { asConvolution } from './as-convolution.ts';

/** The same convolution as a kernel of our own does it; undefined where there is none, or ONNX Runtime's product of matrices is as good. */
function onPlanes(node: Node, ins: Node['ins'], runs: Runs): Value | undefined {
  const [x, w, bias] = ins as readonly [Value, Value, Value | undefined];
  if (node.op !== convOp.op || w.data) return undefined;
  const y = asPlaneConvolution(x, w, bias, node.attrs);
  return y && runs(y.node!) ? y : undefined;
}

/**
 * Lets convolutions of two axes run on images as they lie, if the engine has the kernel. Transposed convolutions without strides, which gradients of
 * images are, become convolutions with flipped kernels.
 *
 * Shapes: inputs and outputs are the same.
 * @internal
 */
export function planeConvolutions(graph: Graph, runs: Runs): Graph {
  const outputs = rewrite(Object.values(graph.outputs), (node, ins) => {
    const turned = asConvolution(node, ins);
    const y = turned ? onPlanes(turned.node!, turned.node!.ins, runs) : onPlanes(node, ins, runs);
    return y && [y];
  });
  return withOutputs(graph, outputs);
}
