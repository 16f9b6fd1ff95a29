// What ONNX Runtime's WebGPU provider (1.30, opset 21) has kernels for and calculates as the CPU does: measured node by node, see
// decisions/0019. The provider of onnxruntime-node and that of onnxruntime-web are the same code.
import type { Node, Runs } from '../graph/index.ts';
import { type DType, dtypeOfOnnx, sameShape } from '../tensor/index.ts';

/** When there is a kernel. */
interface Kernel {
  /** dtypes of the input that counts. */
  readonly of: readonly DType[];
  /** Which input counts: the first unless told; 'out' is the result. */
  readonly counts?: number | 'out';
  /** What else must hold. */
  readonly when?: (node: Node) => boolean;
}

const floats: readonly DType[] = ['float32', 'float16'];
const numbers: readonly DType[] = [...floats, 'int32'];
const moved: readonly DType[] = [...numbers, 'uint32', 'bool'];

/**
 * What is calculated beside the device, by the CPU, as it should be: sizes and positions. Nodes of these count as having kernels, because there
 * is nothing better to make of them.
 */
const beside: ReadonlySet<DType> = new Set(['int64', 'uint64', 'float64', 'string', 'int8', 'uint8', 'int16']);

const all = (types: string, of: readonly DType[]): Record<string, Kernel> =>
  Object.fromEntries(types.split(' ').map((type) => [type, { of }]));

const onlyResult = ({ outs }: Node): boolean => outs.length === 1;
const rankUpTo =
  (rank: number) =>
  ({ ins }: Node): boolean =>
    ins[0]!.shape.length <= rank;

const kernels: Readonly<Record<string, Kernel>> = {
  ...all('Abs Neg Floor Ceil Sqrt Exp Log Reciprocal Erf Sin Cos Tanh Sigmoid HardSigmoid', floats),
  ...all('Relu LeakyRelu Elu Gelu HardSwish Softplus PRelu Softmax', floats),
  ...all('Add Sub Mul Div Max Min Less LessOrEqual Greater GreaterOrEqual Equal', numbers),
  ...all('Clip', numbers),
  ...all('And Not', ['bool']),
  ...all('MatMul Gemm Conv AveragePool GlobalAveragePool GlobalMaxPool Resize DepthToSpace', floats),
  ...all(
    'ReduceSum ReduceMean ReduceMax ReduceMin ReduceProd ReduceL1 ReduceL2 ReduceSumSquare ArgMax ArgMin CumSum TopK',
    floats,
  ),
  ...all('InstanceNormalization BatchNormalization LSTM GRU', floats),
  ...all(
    'Identity Reshape Transpose Expand Squeeze Unsqueeze Flatten Gather Concat Split Slice Pad Tile Trilu GatherElements',
    moved,
  ),
  ...all('ScatterElements', floats),
  ...all('Range', ['float32', 'int32']),
  Cast: {
    of: moved,
    when: ({ attrs }) => [...moved, 'int64', 'uint8'].includes(dtypeOfOnnx(attrs['to'] as number) ?? 'string'),
  },
  Pow: { of: floats, when: ({ ins }) => ins[1]!.dtype === ins[0]!.dtype },
  Where: { of: numbers, counts: 1 },
  MaxPool: { of: floats, when: onlyResult },
  ConvTranspose: { of: floats, when: rankUpTo(4) },
  // Scale and bias in full, and no other than of the last axes.
  LayerNormalization: {
    of: floats,
    when: ({ ins: [x, ...parts] }) => parts.every((p) => !p || sameShape(p.shape, x!.shape.slice(-p.shape.length))),
  },
  OneHot: { of: [], counts: 2 },
  ConstantOfShape: { of: [], counts: 'out' },
  // In uint32 there are products and no shifts: the stream of random numbers is calculated beside the device, whole.
};

/**
 * Whether WebGPU calculates a node. What it does not, and no op says how to write otherwise, ONNX Runtime gives to the CPU: right, but with
 * copies there and back.
 */
export const onWebGpu: Runs = (node) => {
  const { op, ins, outs } = node;
  if (op.domain !== '') return false; // of those it has nobody needs any yet
  const kernel = kernels[op.type];
  const of = kernel?.counts === 'out' ? outs[0] : ins[kernel?.counts ?? 0];
  if (of && beside.has(of.dtype)) return true;
  return kernel !== undefined && of !== undefined && kernel.of.includes(of.dtype) && (kernel.when?.(node) ?? true);
};
