// What golden values cannot say of the normalisations: training with moving statistics, frozen and shared layers, layouts, sizes
// known only at run time, bad input.
import { describe, expect, it } from 'vitest';
import { toposort } from '../src/graph/index.ts';
import * as core from '../src/index.ts';
import { graphInput, input, type Layer, model, sequential, tensor, type Value } from '../src/index.ts';
import { buildGraph, initialWeights } from '../src/nn/index.ts';
import { runGraph } from './support/run-graph.ts';

const numbers = (t: core.Tensor): number[] => Array.from(t.data as Float32Array);
const near = (got: readonly number[], want: readonly number[], digits = 5): void => {
  expect(got.length).toBe(want.length);
  for (const [i, x] of want.entries()) expect(got[i], `element ${i}`).toBeCloseTo(x, digits);
};
const mean = (xs: readonly number[]): number => xs.reduce((a, b) => a + b, 0) / xs.length;
const variance = (xs: readonly number[]): number => mean(xs.map((x) => (x - mean(xs)) ** 2));

const rows = [
  [1, 10],
  [2, 30],
  [3, 20],
  [6, 60],
];
const column = (j: number): number[] => rows.map((row) => row[j]!);

/** A model whose only layer with parameters is the given one, after one step of training with nothing learnt. */
async function afterOneStep(layer: Layer, options: object = {}): Promise<Record<string, core.Tensor>> {
  const net = sequential([input({ shape: [2] }), layer]);
  net.compile({ optimizer: core.sgd({ learningRate: 0 }), loss: 'meanSquaredError' });
  await net.fit(tensor(rows), tensor(rows), { batchSize: 4, epochs: 1, verbose: 0, ...options });
  const weights = await net.getWeights();
  await net.release();
  return weights;
}

describe('moving statistics', () => {
  it('move by 1 - momentum towards those of the batch; the variance divides by n', async () => {
    const weights = await afterOneStep(core.batchNormalization({ momentum: 0.75, name: 'bn' }));
    near(numbers(weights['bn/movingMean']!), [0.25 * mean(column(0)), 0.25 * mean(column(1))]);
    near(numbers(weights['bn/movingVariance']!), [0.75 + 0.25 * variance(column(0)), 0.75 + 0.25 * variance(column(1))], 4);
  });

  it('stay as they are in a frozen layer, which uses them', async () => {
    const weights = await afterOneStep(core.batchNormalization({ momentum: 0.75, name: 'bn', trainable: false }));
    expect(numbers(weights['bn/movingMean']!)).toEqual([0, 0]);
    expect(numbers(weights['bn/movingVariance']!)).toEqual([1, 1]);
    const x = input({ shape: [2], name: 'x' });
    const frozen = core.batchNormalization({ trainable: false, epsilon: 1 })(x);
    const built = buildGraph(model({ inputs: x, outputs: frozen }).architecture, { training: true });
    expect(built.updates).toEqual({});
    expect(opsOf(Object.values(built.outputs))).toEqual(['BatchNormalization']);
  });

  it('move once for each use of a shared layer', async () => {
    const shared = core.batchNormalization({ momentum: 0.5, name: 'bn' });
    const [a, b] = [input({ shape: [2], name: 'a' }), input({ shape: [2], name: 'b' })];
    const net = model({ inputs: [a, b], outputs: core.add()([shared(a), shared(b)]) });
    const built = buildGraph(net.architecture, { training: true });
    const ports = [...Object.values(built.inputs), ...built.parameters.map(({ value }) => value)];
    const feeds = { 'bn/gamma': [1, 1], 'bn/beta': [0, 0], 'bn/movingMean': [0, 8], 'bn/movingVariance': [1, 1] };
    const got = await runGraph(
      {
        name: 'shared',
        inputs: ports.filter(({ name }) => !/gamma|beta/.test(name!)),
        outputs: { m: built.updates['bn/movingMean']! },
      },
      {
        a: tensor([
          [2, 2],
          [4, 4],
        ]),
        b: tensor([
          [10, 0],
          [20, 0],
        ]),
        'bn/movingMean': tensor(feeds['bn/movingMean']),
        'bn/movingVariance': tensor(feeds['bn/movingVariance']),
      },
    );
    near(numbers(got['m']!), [0.5 * (0.5 * 3) + 0.5 * 15, 0.5 * (0.5 * 8 + 0.5 * 3)]);
  });

  it('are what the model that predicts uses', async () => {
    const net = sequential([input({ shape: [2] }), core.batchNormalization({ momentum: 0, epsilon: 1e-5, name: 'bn' })]);
    net.compile({ optimizer: core.sgd({ learningRate: 0 }), loss: 'meanSquaredError' });
    await net.fit(tensor(rows), tensor(rows), { batchSize: 4, epochs: 1, verbose: 0 });
    const y = await net.predict(tensor([[3, 30]]));
    near(numbers(y), [0, 0]); // the means: 3 and 30
    await net.release();
  });
});

const opsOf = (outputs: readonly Value[]): string[] => toposort(outputs).map(({ op }) => op.type);
const count = (outputs: readonly Value[], type: string): number => opsOf(outputs).filter((op) => op === type).length;

describe('layouts', () => {
  const chain = (training: boolean): readonly Value[] => {
    const x = input({ shape: [8, 8, 3], name: 'x' });
    let y: core.Symbolic = x;
    for (let i = 0; i < 2; i++) {
      y = core.conv2d({ filters: 4, kernelSize: 3 })(y);
      y = core.activation({ activation: 'relu' })(core.batchNormalization()(y));
    }
    const built = buildGraph(model({ inputs: x, outputs: y }).architecture, { training });
    return Object.values(built.outputs);
  };
  it.each([false, true])('a chain of convolutions is transposed at its ends only (training %s)', (training) => {
    expect(count(chain(training), 'Transpose')).toBe(2);
  });

  it('inference writes the op that tools fold into a convolution', () => {
    expect(count(chain(false), 'BatchNormalization')).toBe(2);
    expect(count(chain(true), 'BatchNormalization')).toBe(0);
  });
});

describe('sizes known only at run time', () => {
  const shape = [2, 3, 5, 4];
  const data = tensor(
    Float32Array.from({ length: 120 }, (_, i) => Math.sin(i * i)),
    { shape },
  );
  it.each<[string, Layer]>([
    ['batchNormalization', core.batchNormalization({ name: 'it' })],
    ['layerNormalization', core.layerNormalization({ name: 'it' })],
    ['groupNormalization', core.groupNormalization({ groups: 2, name: 'it' })],
    ['instanceNormalization', core.instanceNormalization({ name: 'it' })],
    ['rmsNormalization', core.rmsNormalization({ name: 'it' })],
    ['unitNormalization', core.unitNormalization({ name: 'it' })],
  ])('%s gives the same as with sizes given', async (_, layer) => {
    const results: number[][] = [];
    for (const sizes of [
      [3, 5, 4],
      ['height', 'width', 4],
    ]) {
      const x = input({ shape: sizes, name: 'x' });
      const built = buildGraph(model({ inputs: x, outputs: layer(x) }).architecture, { training: true });
      const [y] = Object.values(built.outputs);
      const used = built.parameters.filter(({ name }) => !/moving/.test(name));
      const loss = core.ops.reduceSum(core.ops.mul(y!, core.ops.mul(y!, y!)));
      const [dx] = core.grad(loss, [built.inputs['x']!]);
      const weights = initialWeights(used, 0);
      const inputs = [built.inputs['x']!, ...used.map(({ value }) => value)];
      const got = await runGraph({ name: 'sizes', inputs, outputs: { y: y!, dx: dx! } }, { x: data, ...weights });
      expect(got['y']!.shape).toEqual(shape);
      results.push([...numbers(got['y']!), ...numbers(got['dx']!)]);
    }
    near(results[1]!, results[0]!, 4);
    expect(Math.max(...results[0]!.map(Math.abs))).toBeGreaterThan(0.5);
  });
});

describe('degenerate batches', () => {
  const train = async (x: core.Tensor, mask?: core.Tensor): Promise<Record<string, core.Tensor>> => {
    const layer = core.batchNormalization({ momentum: 0.5 });
    const own: Record<string, Value> = {};
    const updates: Record<string, Value> = {};
    const data = graphInput('x', ['batch', ...x.shape.slice(1)]);
    const steps = mask && graphInput('mask', ['batch', mask.shape[1]!], 'bool');
    const [y] = layer.build([data], {
      training: true,
      trainable: true,
      masks: [steps],
      parameter: (name, shape) => (own[name] ??= core.constant(core.full(shape, /Mean|beta/.test(name) ? 3 : 1))),
      key: () => graphInput('key', [2], 'uint32'),
      update: (name, value) => void (updates[name] = value),
      penalty: () => undefined,
    });
    const [dx] = core.grad(core.ops.reduceSum(core.ops.mul(y!, y!)), [data]);
    return runGraph(
      { name: 'degenerate', inputs: steps ? [data, steps] : [data], outputs: { y: y!, dx: dx!, ...updates } },
      mask ? { x, mask } : { x },
    );
  };

  it('one value for each channel gives beta, and no gradient', async () => {
    const got = await train(tensor([[5, -7]]));
    expect(numbers(got['y']!)).toEqual([3, 3]);
    expect(numbers(got['dx']!)).toEqual([0, 0]);
    expect(numbers(got['movingVariance']!)).toEqual([0.5, 0.5]);
  });

  it('equal values for each channel too', async () => {
    const got = await train(core.full([4, 2], 7));
    expect(numbers(got['y']!)).toEqual(Array(8).fill(3));
    expect(numbers(got['dx']!)).toEqual(Array(8).fill(0));
  });

  it('a batch without any real step stays finite', async () => {
    const got = await train(core.full([2, 3, 2], 7), core.full([2, 3], 0, 'bool'));
    for (const t of Object.values(got)) expect(numbers(t).every(Number.isFinite)).toBe(true);
  });

  it('padded steps change nothing', async () => {
    const real = [
      [1, 2],
      [3, 5],
      [8, 4],
    ];
    const alone = await train(tensor([real]), tensor([[true, true, true]], { dtype: 'bool' }));
    const padded = await train(tensor([[...real, [1e3, -1e3]]]), tensor([[true, true, true, false]], { dtype: 'bool' }));
    near(numbers(padded['y']!).slice(0, 6), numbers(alone['y']!));
    near(numbers(padded['movingMean']!), numbers(alone['movingMean']!));
    near(numbers(padded['movingVariance']!), numbers(alone['movingVariance']!));
  });
});

describe('bad input', () => {
  const x = input({ shape: [4, 6] });
  it.each<[string, () => unknown, RegExp]>([
    ['the axis of the batch', () => core.batchNormalization({ axis: 0 })(x), /axis 0 of an input \[batch, 4, 6\]/],
    ['an axis outside', () => core.layerNormalization({ axis: 3, name: 'ln' })(x), /at ln: got axis 3/],
    ['the same axis twice', () => core.layerNormalization({ axis: [1, -2] })(x), /each once/],
    ['no axis', () => core.rmsNormalization({ axis: [] }), /axis = \[\], expected a whole number, or a list/],
    ['half an axis', () => core.batchNormalization({ axis: 0.5 }), /axis = 0.5, expected a whole number/],
    ['channels of unknown size', () => core.batchNormalization()(input({ shape: [4, 'features'] })), /a known size of axis -1/],
    ['momentum', () => core.batchNormalization({ momentum: 1.5 }), /momentum = 1.5, expected a number from 0 to 1/],
    ['epsilon', () => core.layerNormalization({ epsilon: 0 }), /epsilon = 0, expected a finite number above 0/],
    ['a flag', () => core.groupNormalization({ center: 'no' as unknown as boolean }), /center = no, expected true or false/],
    [
      'groups that do not divide',
      () => core.groupNormalization({ groups: 4 })(x),
      /4 groups for the 6 channels of \[batch, 4, 6\]/,
    ],
    ['no groups', () => core.groupNormalization({ groups: 0 }), /groups = 0, expected a whole number of at least 1/],
    ['whole numbers', () => core.batchNormalization()(input({ shape: [4], dtype: 'int32' })), /int32/],
    ['a scalar sample', () => core.unitNormalization()(input({ shape: [] })), /an input with axes besides the batch/],
    [
      'a batch of one, known beforehand',
      () =>
        core.batchNormalization().build([graphInput('x', [1, 3])], {
          training: true,
          trainable: true,
          masks: [],
          parameter: (name, shape) => graphInput(name, shape),
          key: () => graphInput('key', [2], 'uint32'),
          update: () => undefined,
          penalty: () => undefined,
        }),
      /one value for each channel: \[1, 3\], expected a batch with a variance/,
    ],
  ])('%s', (_, build, message) => {
    expect(build).toThrow(message);
  });

  const [image, three, four] = [graphInput('image', ['batch', 3, 8, 8]), graphInput('three', [3]), graphInput('four', [4])];
  const { ops } = core;
  it.each<[string, () => unknown, RegExp]>([
    [
      'scaleShift',
      () => ops.scaleShift(image, four),
      /scale \[4\] for \[batch, 3, 8, 8\], expected one number for each of the 3 channels/,
    ],
    [
      'batchNormalization',
      () => ops.batchNormalization(image, { scale: three, bias: four, mean: three, variance: three }),
      /b \[4\]/,
    ],
    [
      'instanceNormalization',
      () => ops.instanceNormalization(graphInput('x', [3]), { scale: three, bias: three }),
      /\[batch, channels, ...\]/,
    ],
    ['layerNormalization', () => ops.layerNormalization(image, { scale: four }), /\[4\] for axes of sizes \[8\]/],
    ['another dtype', () => ops.layerNormalization(graphInput('x', [2, 4], 'float64'), { scale: four }), /float64 and float32/],
    [
      'training mode',
      () => ops.batchNormalizationOp({ x: image, scale: three, b: three, mean: three, variance: three }, { training_mode: 1 }),
      /training_mode = 1/,
    ],
  ])('ops.%s', (_, build, message) => {
    expect(build).toThrow(message);
  });
});
