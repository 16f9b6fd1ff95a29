// Models of other tools become layers: cut, frozen, thawed, trained, saved, served by plain ONNX Runtime.
import { describe, expect, it } from 'vitest';
import {
  constant,
  dense,
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
