// Models of older opsets, read, written again, and run: they say what ONNX Runtime says to the file as it was.
import { describe, expect, it } from 'vitest';
import { type ModelProto, StratusError, type Tensor, tensor } from '../src/index.ts';
import { encodeModel, importGraph } from '../src/onnx/index.ts';
import { protoOfTensor } from '../src/onnx/tensor-proto.ts';
import { createExecutor } from '../src/runtime/node/index.ts';
import { runGraph } from './support/run-graph.ts';

type Attribute = NonNullable<NonNullable<NonNullable<NonNullable<ModelProto['graph']>['node']>[number]['attribute']>[number]>;
interface Row {
  readonly opset: number;
  readonly op: string;
  readonly attribute?: readonly Attribute[];
  /** The first is fed, the others are initializers. */
  readonly inputs: readonly Tensor[];
  readonly outputs?: number;
  readonly domain?: string;
}

const executor = await createExecutor({ threads: 1 });

const int = (name: string, i: number): Attribute => ({ name, type: 2, i });
const ints = (name: string, ...values: number[]): Attribute => ({ name, type: 7, ints: values });
const float = (name: string, f: number): Attribute => ({ name, type: 1, f });
const text = (name: string, s: string): Attribute => ({ name, type: 3, s: new TextEncoder().encode(s) });
const numbers = (...shape: number[]): Tensor =>
  tensor(
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(1 + i * 1.7) * 2),
    { shape },
  );
const whole = (...values: number[]): Tensor => tensor(values, { dtype: 'int64' });

function fileOf({ opset, op, attribute, inputs, outputs = 1, domain }: Row): ModelProto {
  const names = inputs.map((_, i) => `in${i}`);
  const out = Array.from({ length: outputs }, (_, i) => `out${i}`);
  const port = (name: string, shape?: readonly number[]) => ({
    name,
    type: { tensorType: { elemType: 1, ...(shape && { shape: { dim: shape.map((dimValue) => ({ dimValue })) } }) } },
  });
  return {
    irVersion: 3,
    opsetImport: [{ domain: '', version: opset }],
    graph: {
      name: 'g',
      // In IR 3 initializers are inputs too.
      input: inputs.map((value, i) => ({
        ...port(names[i]!, value.shape),
        ...(value.dtype === 'int64' && { type: { tensorType: { elemType: 7, shape: { dim: [{ dimValue: value.size }] } } } }),
      })),
      initializer: inputs.slice(1).map((value, i) => protoOfTensor(value, names[i + 1]!)),
      node: [{ opType: op, input: names, output: out, ...(domain !== undefined && { domain }), ...(attribute && { attribute }) }],
      // Of several outputs the first is asked for: the others may be of another type.
      output: out.slice(0, op === 'TopK' ? 1 : undefined).map((name) => port(name)),
    },
  };
}

const rows: readonly Row[] = [
  { opset: 7, op: 'Add', inputs: [numbers(2, 3), numbers(3)] },
  { opset: 7, op: 'Relu', inputs: [numbers(2, 3)] },
  {
    opset: 7,
    op: 'Gemm',
    attribute: [int('transB', 1), float('alpha', 0.5)],
    inputs: [numbers(2, 3), numbers(4, 3), numbers(4)],
  },
  { opset: 7, op: 'Dropout', attribute: [float('ratio', 0.3)], inputs: [numbers(2, 3)] },
  { opset: 10, op: 'Dropout', attribute: [float('ratio', 0.3)], inputs: [numbers(2, 3)] },
  { opset: 8, op: 'Sum', inputs: [numbers(2, 3), numbers(3), numbers(2, 1)] },
  { opset: 8, op: 'Flatten', attribute: [int('axis', 2)], inputs: [numbers(2, 3, 4)] },
  { opset: 8, op: 'Reshape', inputs: [numbers(2, 6), whole(0, 2, -1)] },
  { opset: 11, op: 'Softmax', inputs: [numbers(2, 3, 4)] },
  { opset: 11, op: 'Softmax', attribute: [int('axis', 2)], inputs: [numbers(2, 3, 4)] },
  { opset: 9, op: 'LogSoftmax', attribute: [int('axis', 0)], inputs: [numbers(2, 3)] },
  { opset: 12, op: 'ReduceSum', attribute: [ints('axes', 1), int('keepdims', 0)], inputs: [numbers(2, 3)] },
  { opset: 11, op: 'ReduceMean', attribute: [ints('axes', 0, 2)], inputs: [numbers(2, 3, 4)] },
  { opset: 17, op: 'ReduceMean', attribute: [ints('axes', -1), int('keepdims', 1)], inputs: [numbers(2, 3)] },
  { opset: 13, op: 'ReduceMax', inputs: [numbers(2, 3)] },
  { opset: 17, op: 'ReduceL2', attribute: [ints('axes', 1)], inputs: [numbers(2, 3)] },
  { opset: 11, op: 'Squeeze', attribute: [ints('axes', 1)], inputs: [numbers(2, 1, 3)] },
  { opset: 11, op: 'Unsqueeze', attribute: [ints('axes', 0, 3)], inputs: [numbers(2, 3)] },
  { opset: 8, op: 'Clip', attribute: [float('min', -0.5), float('max', 0.7)], inputs: [numbers(2, 3)] },
  { opset: 9, op: 'Clip', attribute: [float('max', 0.7)], inputs: [numbers(2, 3)] },
  { opset: 9, op: 'Pad', attribute: [ints('pads', 0, 1, 2, 0), float('value', 0.5)], inputs: [numbers(2, 3)] },
  { opset: 9, op: 'Pad', attribute: [ints('pads', 0, 1, 0, 1), text('mode', 'reflect')], inputs: [numbers(2, 3)] },
  { opset: 9, op: 'Slice', attribute: [ints('starts', 1), ints('ends', 3), ints('axes', 1)], inputs: [numbers(2, 4)] },
  { opset: 9, op: 'Slice', attribute: [ints('starts', 0, 1), ints('ends', 1, 9)], inputs: [numbers(2, 4)] },
  { opset: 9, op: 'TopK', attribute: [int('k', 2)], inputs: [numbers(2, 5)], outputs: 2 },
  { opset: 11, op: 'Split', attribute: [int('axis', 1), ints('split', 1, 3)], inputs: [numbers(2, 4)], outputs: 2 },
  { opset: 11, op: 'Split', attribute: [int('axis', 1)], inputs: [numbers(2, 6)], outputs: 3 },
  { opset: 13, op: 'Split', inputs: [numbers(4, 2), whole(1, 3)], outputs: 2 },
];

describe('older opsets', () => {
  it.each(rows)('$op of opset $opset', async (row) => {
    const proto = fileOf(row);
    const { graph } = importGraph(proto);
    const feeds = { in0: row.inputs[0]! };
    const program = await executor.compile(encodeModel(proto), { optimization: 'disabled' });
    const want = await program.run(feeds);
    await program.release();
    const got = await runGraph(graph, feeds, 'disabled');
    expect(Object.keys(got)).toEqual(Object.keys(want));
    for (const [name, value] of Object.entries(want)) {
      expect(got[name]!.shape).toEqual(value.shape);
      for (const [i, x] of [...(value.data as Float32Array)].entries())
        expect(Math.abs(Number(got[name]!.data[i]) - Number(x)), `${name}[${i}]`).toBeLessThan(1e-6);
    }
  });

  it('before 7 broadcasting was another one: refused, with the version', () => {
    const refused = (): unknown => importGraph(fileOf({ opset: 6, op: 'Add', inputs: [numbers(2), numbers(2)] }));
    expect(refused).toThrow(/Add of opset 6 \(read: 7 and later\)/);
  });

  it('refuses a dropout that trains', () => {
    const proto = fileOf({ opset: 13, op: 'Dropout', inputs: [numbers(2, 3), tensor([0.5]).reshape([])] });
    const { graph } = proto as { graph: NonNullable<ModelProto['graph']> };
    const training: ModelProto = {
      ...proto,
      graph: {
        ...graph,
        initializer: [...graph.initializer!, protoOfTensor(tensor([true]).reshape([]), 'train')],
        node: [{ ...graph.node![0]!, input: ['in0', 'in1', 'train'] }],
      },
    };
    expect(() => importGraph(training)).toThrow(StratusError);
    expect(() => importGraph(training)).toThrow(/a node that trains/);
  });
});
