// Models of other tools become layers: cut, frozen, thawed, trained, saved, served by plain ONNX Runtime.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  constant,
  decodeModel,
  dense,
  encodeModel,
  exportGraph,
  graphInput,
  importModel,
  input,
  load,
  model,
  ops,
  StratusError,
  sequential,
  type Tensor,
  tensor,
} from '../src/index.ts';
import { protoOfTensor } from '../src/onnx/index.ts';
import { createExecutor } from '../src/runtime/node/index.ts';

const numbers = (...shape: number[]): Tensor<'float32'> =>
  tensor(
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(1 + i * 1.7)),
    { shape },
  ) as Tensor<'float32'>;

/** For one sample at a time, as many exporters write it: the batch is fixed to 1, in the input and in a list of sizes. */
function theirs(): Uint8Array {
  const x = graphInput('in:0', [1, 2, 3]);
  const sizes = constant(tensor([1, 6], { dtype: 'int64' }), 'sizes');
  const flat = ops.reshapeOp({ data: x, shape: sizes }).reshaped;
  const hidden = ops.relu(ops.add(ops.matMul(flat, constant(numbers(6, 4), 'body.w')), constant(numbers(4), 'body.b')));
  const y = ops.matMul(hidden, constant(numbers(4, 2), 'head.w'));
  return exportGraph({ name: 'their model', inputs: [x], outputs: { hidden, y } });
}

const x = numbers(5, 2, 3);
const rows = (t: Tensor): number[][] => t.toArray() as number[][];

describe('importModel', () => {
  it('says what there is', async () => {
    const imported = await importModel(theirs());
    expect(imported.inputs).toEqual([{ name: 'in:0', shape: [1, 2, 3], dtype: 'float32' }]);
    expect(imported.outputs).toEqual(['hidden', 'y']);
    expect(imported.parameters).toEqual([
      { name: 'body.w', trainable: true, shape: [6, 4] },
      { name: 'body.b', trainable: true, shape: [4] },
      { name: 'head.w', trainable: true, shape: [4, 2] },
    ]);
    expect(imported.values).toContain('hidden');
  });

  it('takes any batch though the file fixes it to 1, and predicts what the file does', async () => {
    const program = await (await createExecutor({ threads: 1 })).compile(theirs());
    const net = (await importModel(theirs())).model();
    const got = await net.predictAll(x);
    for (let i = 0; i < 5; i++) {
      const want = await program.run({ 'in:0': x.rows(i, i + 1) });
      expect(rows(got['y']!)[i]!.map((v) => v.toFixed(5))).toEqual(rows(want['y']!)[0]!.map((v) => v.toFixed(5)));
    }
    await Promise.all([program.release(), net.release()]);
  });

  it('gives a body for a new head, which is trained, frozen or not, saved and loaded', async () => {
    const body = (await importModel(theirs())).layer({ outputs: 'hidden', name: 'body' });
    const image = input({ shape: [2, 3] });
    const net = model({ inputs: image, outputs: dense({ units: 3, activation: 'softmax' })(body(image)) });
    expect(Object.keys(await net.getWeights())).toEqual(['body/body.w', 'body/body.b', 'dense/kernel', 'dense/bias']);
    const before = await net.getWeights();
    const fit = async (): Promise<Record<string, Tensor>> => {
      net.compile({ optimizer: 'sgd', loss: 'sparseCategoricalCrossentropy' });
      await net.fit(x, [0, 1, 2, 0, 1], { epochs: 2, verbose: 0 });
      return net.getWeights();
    };
    net.freeze('body');
    const frozen = await fit();
    expect(frozen['body/body.w']).toEqual(before['body/body.w']);
    expect(frozen['dense/kernel']).not.toEqual(before['dense/kernel']);
    net.thaw('body/*.b');
    const thawed = await fit();
    expect(thawed['body/body.w']).toEqual(before['body/body.w']);
    expect(thawed['body/body.b']).not.toEqual(before['body/body.b']);

    const again = await load(await net.toBytes());
    expect(await again.predict(x)).toEqual(await net.predict(x));
    again.compile({ optimizer: 'sgd', loss: 'sparseCategoricalCrossentropy' });
    await again.fit(x, [0, 1, 2, 0, 1], { epochs: 1, verbose: 0 });
    expect((await again.getWeights())['body/body.w']).toEqual(before['body/body.w']); // still frozen
    again.thaw('body').compile({ optimizer: 'sgd', loss: 'sparseCategoricalCrossentropy' });
    await again.fit(x, [0, 1, 2, 0, 1], { epochs: 1, verbose: 0 });
    expect((await again.getWeights())['body/body.w']).not.toEqual(before['body/body.w']);
    await Promise.all([net.release(), again.release()]);
  });

  it('gives several values as a list', async () => {
    const part = (await importModel(theirs())).layer({ outputs: ['y', 'hidden'] });
    const [y, hidden] = part(input({ shape: [2, 3] }));
    expect([y!.shape, hidden!.shape]).toEqual([
      ['batch', 2],
      ['batch', 4],
    ]);
  });

  it('keeps statistics out of the gradients', async () => {
    const image = graphInput('x', ['n', 3, 2, 2]);
    const [scale, shift, mean, variance] = ['scale', 'shift', 'mean', 'variance'].map((name) =>
      constant(tensor([0.5, 1, 2]), name),
    );
    const y = ops.batchNormalization(image, { scale: scale!, bias: shift!, mean: mean!, variance: variance! });
    const imported = await importModel(exportGraph({ name: 'bn', inputs: [image], outputs: { y } }));
    expect(Object.fromEntries(imported.parameters.map(({ name, trainable }) => [name, trainable]))).toEqual({
      scale: true,
      shift: true,
      mean: false,
      variance: false,
    });
  });
});

describe('files as other tools write them', () => {
  it('have biases of one number, which are trained as well', async () => {
    const [row, w, b] = [graphInput('x', ['n', 3]), constant(numbers(3, 1), 'w'), constant(tensor([0.5]), 'b')];
    const file = exportGraph({
      name: 'line',
      inputs: [row],
      outputs: { y: ops.mul(ops.gemm(row, w, b), constant(tensor(2), 'twice')) },
    });
    expect((await importModel(file)).parameters.map(({ name }) => name)).toEqual(['w', 'b']); // and not a scalar
  });

  /** Two chains that lead to sizes and margins: one of constants alone, one of the sizes of the input, times a constant. */
  function chains(): Uint8Array {
    const row = graphInput('x', ['n', 2, 3]);
    const w = constant(numbers(3, 3), 'w');
    const model = exportGraph({ name: 'chains', inputs: [row], outputs: { y: ops.relu(ops.matMul(row, w)) } });
    const proto = decodeModel(model);
    const int64s = (output: string, ...values: number[]) => ({
      opType: 'Constant',
      output: [output],
      attribute: [{ name: 'value', type: 4, t: protoOfTensor(tensor(values, { dtype: 'int64' })) }],
    });
    const node = [
      ...proto.graph!.node!,
      int64s('four', 4),
      int64s('three', 3),
      int64s('zeros', 0, 0, 0),
      { opType: 'Mod', input: ['four', 'three'], output: ['one'] },
      { opType: 'Concat', input: ['zeros', 'zeros'], output: ['none'], attribute: [{ name: 'axis', type: 2, i: 0 }] },
      int64s('last', 0, 0, 0, 0, 0, 1),
      { opType: 'Mul', input: ['last', 'one'], output: ['right'] },
      { opType: 'Add', input: ['none', 'right'], output: ['pads'] },
      { opType: 'Pad', input: ['y', 'pads'], output: ['wide'] },
      { opType: 'Shape', input: ['x'], output: ['sizes'] },
      int64s('first', 0),
      { opType: 'Gather', input: ['sizes', 'first'], output: ['rows'] },
      int64s('two', 2),
      { opType: 'Mul', input: ['rows', 'two'], output: ['many'] },
      { opType: 'Concat', input: ['many', 'four'], output: ['shape'], attribute: [{ name: 'axis', type: 2, i: 0 }] },
      { opType: 'Reshape', input: ['wide', 'shape'], output: ['flat'] },
    ];
    return encodeModel({
      ...proto,
      graph: { ...proto.graph, node, output: [{ ...proto.graph!.output![0]!, name: 'flat', type: undefined }] },
    });
  }

  it('calculate sizes and margins by chains of nodes', async () => {
    const program = await (await createExecutor({ threads: 1 })).compile(chains());
    const [want] = Object.values(await program.run({ x: numbers(5, 2, 3) }));
    const imported = await importModel(chains());
    expect(imported.parameters.map(({ name }) => name)).toEqual(['w']);
    const net = imported.model();
    const got = await net.predict(numbers(5, 2, 3));
    expect([got.shape, [...(got.data as Float32Array)].map((v) => v.toFixed(5))]).toEqual([
      [10, 4],
      [...(want!.data as Float32Array)].map((v) => v.toFixed(5)),
    ]);
    await Promise.all([program.release(), net.release()]);
  });

  it('lie beside the files with their large tensors', async () => {
    const proto = decodeModel(theirs());
    const [first, ...others] = proto.graph!.initializer!.filter(({ rawData }) => rawData);
    const { rawData, ...rest } = first!;
    const external = (location: string) => ({ ...rest, dataLocation: 1, externalData: [{ key: 'location', value: location }] });
    const file = (location: string) =>
      encodeModel({ ...proto, graph: { ...proto.graph, initializer: [external(location), ...others] } });
    const folder = await mkdtemp(join(tmpdir(), 'stratus-import-'));
    try {
      const path = join(folder, 'model.onnx');
      await writeFile(path, file('weights.bin'));
      await expect(importModel(path)).rejects.toMatchObject({ code: 'file-not-found', message: /weights\.bin/ });
      await writeFile(join(folder, 'weights.bin'), rawData!);
      const [own, plain] = [(await importModel(path)).model(), (await importModel(theirs())).model()];
      expect((await own.predictAll(x))['y']!.data).toEqual((await plain.predictAll(x))['y']!.data);
      await Promise.all([own.release(), plain.release()]);
      for (const outside of ['../weights.bin', '/etc/passwd', 'a/../../b', 'C:\\x']) {
        await writeFile(path, file(outside));
        await expect(importModel(path)).rejects.toMatchObject({ code: 'not-onnx', message: /outside of its folder/ });
      }
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe('what cannot be', () => {
  const message = async (build: () => unknown): Promise<string> => {
    try {
      await build();
    } catch (e) {
      expect(StratusError.is(e), String(e)).toBe(true);
      return (e as Error).message;
    }
    throw new Error('nothing was thrown');
  };

  it('a value that is not in the file', async () => {
    const imported = await importModel(theirs());
    expect(await message(() => imported.layer({ outputs: 'hiden' }))).toMatch(/Did you mean 'hidden'/);
  });

  it('one layer of several outputs, unasked', async () => {
    const imported = await importModel(theirs());
    expect(await message(() => imported.layer())).toMatch(/hidden, y/);
  });

  it('says what to do where a fixed batch is part of the calculation', async () => {
    const image = graphInput('x', [1, 2, 3]);
    const token = constant(numbers(1, 1, 3), 'token');
    const graph = { name: 'with a token', inputs: [image], outputs: { y: ops.concat([token, image], { axis: 1 }) } };
    const imported = await importModel(exportGraph(graph));
    expect(() => imported.model()).toThrow(
      /a file for a batch of 1, which does not work for another \(Concat.*dynamic batch axis/,
    );
  });

  it('an input of another shape or dtype', async () => {
    const body = (await importModel(theirs())).layer({ outputs: 'y', name: 'body' });
    expect(await message(() => body(input({ shape: [3, 3] })))).toMatch(/at body: got \['?batch'?, 3, 3\].*\[1, 2, 3\]/);
    expect(await message(() => body(input({ shape: [2, 3], dtype: 'uint8' })))).toMatch(/got uint8, expected float32/);
  });

  it('a parameter that is not there', async () => {
    const net = sequential([input({ shape: [3] }), dense({ units: 2 })]);
    expect(await message(() => net.freeze('dense/kernell'))).toMatch(/Did you mean 'dense\/kernel'/);
    expect(net.freeze('dense').summary()).toMatch(/frozen/);
    await net.release();
  });

  it('a file that is not ONNX, or not there', async () => {
    expect(await message(() => importModel(new Uint8Array([1, 2, 3])))).toMatch(/ONNX/);
    expect(await message(() => importModel('/nowhere/model.onnx'))).toMatch(/model\.onnx/);
  });
});
