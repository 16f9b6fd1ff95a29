// Layers that merge values, move axes or drop channels: masks, order of axes, mistakes. Values and gradients are in layers.test.ts.
import { describe, expect, it } from 'vitest';
import { toposort } from '../src/graph/index.ts';
import {
  activation,
  add,
  average,
  concatenate,
  defineLayer,
  dense,
  dot,
  dropout,
  full,
  gaussianNoise,
  input,
  type Layer,
  maximum,
  minimum,
  model,
  multiply,
  ops,
  permute,
  repeatVector,
  rescaling,
  type Symbolic,
  spatialDropout1d,
  spatialDropout2d,
  subtract,
  type Tensor,
  tensor,
} from '../src/index.ts';
import { buildGraph } from '../src/nn/index.ts';
import { channelsFirst, channelsLast } from '../src/nn/layout.ts';
import { runGraph } from './support/run-graph.ts';

/** The second input becomes the mask of the first. */
const masked = defineLayer<object>({ type: 'Masked', inputs: [2, 2], build: (_, [x]) => x!, mask: (_, [, mask]) => mask });
/** The mask of its input as numbers; -1 where there is none. */
const shown = defineLayer<object>({
  type: 'Shown',
  build: (_, [x], { masks: [mask] }) =>
    mask ? ops.cast(mask, 'float32') : ops.sub(ops.mul(ops.reduceSum(x!, { axes: [-1] }), 0), 1),
});

describe('masks', () => {
  const [first, second] = [
    [1, 1, 0],
    [1, 0, 0],
  ];
  /** What mask comes out of a layer whose inputs have these masks; undefined for an input without. */
  const maskOf = async (layer: Layer, masks: readonly (readonly number[] | undefined)[]): Promise<unknown> => {
    const xs = masks.map((_, i) => input({ shape: [3, 2], name: `x${i}` }));
    const flags = masks.map((mask, i) => mask && input({ shape: [3], dtype: 'bool', name: `m${i}` }));
    const ins = xs.map((x, i): Symbolic => (flags[i] ? masked({})([x, flags[i]]) : x));
    const net = model({ inputs: [...xs, ...flags.filter((m) => m !== undefined)], outputs: shown({})(layer(ins)) });
    const feeds = Object.fromEntries(
      masks.flatMap((mask, i): [string, Tensor][] => [
        [`x${i}`, full([1, 3, 2], 1)],
        ...(mask ? [[`m${i}`, tensor([mask], { dtype: 'bool' })] as [string, Tensor]] : []),
      ]),
    );
    const y = (await net.predict(feeds)) as Tensor;
    await net.release();
    return y.toArray();
  };

  it.each([
    ['add', add()],
    ['multiply', multiply()],
    ['average', average()],
    ['maximum', maximum()],
    ['minimum', minimum()],
    ['subtract', subtract()],
  ])('%s: a step is real that is real everywhere', async (_, layer) => {
    expect(await maskOf(layer, [first, second])).toEqual([[1, 0, 0]]);
    expect(await maskOf(layer, [undefined, first])).toEqual([[1, 1, 0]]);
    expect(await maskOf(layer, [undefined, undefined])).toEqual([[-1, -1, -1]]);
  });

  it('concatenate: along the steps they are joined, along features met', async () => {
    expect(await maskOf(concatenate(), [first, second])).toEqual([[1, 0, 0]]);
    expect(await maskOf(concatenate({ axis: 1 }), [first, second])).toEqual([[1, 1, 0, 1, 0, 0]]);
    expect(await maskOf(concatenate({ axis: -2 }), [undefined, second])).toEqual([[1, 1, 1, 1, 0, 0]]);
    expect(await maskOf(concatenate({ axis: 1 }), [undefined, undefined])).toEqual([Array(6).fill(-1)]);
  });

  it.each([
    ['dense', dense({ units: 4 })],
    ['activation', activation({ activation: 'relu' })],
    ['dropout', dropout({ rate: 0.5 })],
    ['gaussianNoise', gaussianNoise({ stddev: 1 })],
    ['rescaling', rescaling({ scale: 2 })],
    ['spatialDropout1d', spatialDropout1d({ rate: 0.5 })],
  ])('%s passes it on', async (_, layer) => {
    expect(await maskOf(layer, [first])).toEqual([[1, 1, 0]]);
  });

  it('permute and dot leave none: the steps are elsewhere', async () => {
    expect(await maskOf(permute({ dims: [2, 1] }), [first])).toEqual([[-1, -1]]);
    expect(await maskOf(dot({ axes: 2 }), [first, first])).toEqual([[-1, -1, -1]]);
  });
});

describe('channels-first work', () => {
  /** From a channels-first value to a channels-last one, and back, as convolutions do. */
  const from = defineLayer<object>({ type: 'From', build: (_, [x]) => channelsLast(x!) });
  const back = defineLayer<object>({ type: 'Back', build: (_, [x]) => channelsFirst(x!) });
  const chain = (between: (a: Symbolic, b: Symbolic) => Symbolic) => {
    const [a, b] = [input({ shape: [2, 3, 4], name: 'a' }), input({ shape: [2, 3, 4], name: 'b' })];
    return model({ inputs: [a, b], outputs: back({})(between(from({})(a), from({})(b))) });
  };
  const layers: Record<string, (a: Symbolic, b: Symbolic) => Symbolic> = {
    merging: (a, b) => add()([a, multiply()([b, maximum()([a, minimum()([b, subtract()([a, average()([a, b])])])])])]),
    activation: (a, b) => add()([activation({ activation: 'tanh' })(a), b]),
    rescaling: (a, b) => add()([rescaling({ scale: 2, offset: 1 })(a), b]),
    noise: (a, b) => add()([gaussianNoise({ stddev: 1 })(dropout({ rate: 0.5 })(a)), spatialDropout2d({ rate: 0.5 })(b)]),
    'concatenate channels': (a, b) => concatenate()([a, b]),
    'concatenate rows': (a, b) => concatenate({ axis: 1 })([a, b]),
    'concatenate columns': (a, b) => concatenate({ axis: -2 })([a, b]),
  };
  it.each(Object.entries(layers))('is not broken by %s', (_, between) => {
    const { outputs } = buildGraph(chain(between).architecture, { training: true });
    const transposed = toposort(Object.values(outputs)).filter(({ op }) => op.type === 'Transpose');
    expect(transposed.map(({ path }) => path)).toEqual([]);
  });

  it.each(Object.entries(layers))('gives what channels-last work gives: %s', async (_, between) => {
    const numbers = (seed: number) => Float32Array.from({ length: 48 }, (__, i) => Math.sin(seed + i * i));
    const feeds = { a: tensor(numbers(1), { shape: [2, 2, 3, 4] }), b: tensor(numbers(2), { shape: [2, 2, 3, 4] }) };
    const plainly = defineLayer<object>({ type: 'Plainly', build: (__, [x]) => ops.transpose(x!, [0, 2, 3, 1]) });
    const ofLast = (): ReturnType<typeof model> => {
      const [a, b] = [input({ shape: [2, 3, 4], name: 'a' }), input({ shape: [2, 3, 4], name: 'b' })];
      return model({ inputs: [a, b], outputs: back({})(between(plainly({})(a), plainly({})(b))) });
    };
    const [one, other] = [chain(between), ofLast()];
    expect(await one.predict(feeds)).toEqual(await other.predict(feeds));
    await Promise.all([one.release(), other.release()]);
  });

  it('softmax looks at the last axis wherever that lies', async () => {
    const net = chain((a, b) => activation({ activation: 'softmax' })(add()([a, b])));
    const y = (await net.predict({ a: full([1, 2, 3, 4], 1), b: full([1, 2, 3, 4], 1) })) as Tensor;
    expect(y.shape).toEqual([1, 2, 3, 4]);
    expect(new Set(y.data as Float32Array)).toEqual(new Set([0.5])); // of two channels
    await net.release();
  });
});

describe('spatial dropout', () => {
  const dropped = async (layer: Layer, shape: readonly number[]): Promise<Tensor> => {
    const x = input({ shape: shape.slice(1), name: 'x' });
    const built = buildGraph(model({ inputs: x, outputs: layer(x) }).architecture, { training: true });
    const key = built.keys[0]!.value;
    const graph = { name: 'drop', inputs: [built.inputs['x']!, key], outputs: { y: Object.values(built.outputs)[0]! } };
    return (await runGraph(graph, { x: full(shape, 1), [key.name!]: tensor(Uint32Array.of(5, 6)) }))['y']!;
  };
  it.each([
    ['1d', spatialDropout1d({ rate: 0.25 }), [20, 5, 100], 2],
    ['2d', spatialDropout2d({ rate: 0.25 }), [20, 3, 2, 100], 3],
    ['2d, channels first', spatialDropout2d({ rate: 0.25, dataFormat: 'channelsFirst' }), [20, 100, 3, 2], 1],
  ] as const)('%s drops whole channels of a sample, a quarter of them', async (_, layer, shape, axis) => {
    const { data } = await dropped(layer, shape);
    const inner = shape.slice(axis + 1).reduce((n, d) => n * d, 1);
    const perSample = shape.slice(1).reduce<number>((n, d) => n * d, 1);
    const byChannel = new Map<string, Set<number>>();
    for (const [i, y] of (data as Float32Array).entries()) {
      const channel = `${Math.floor(i / perSample)} ${Math.floor(i / inner) % 100}`;
      byChannel.set(channel, (byChannel.get(channel) ?? new Set()).add(Math.fround(y)));
    }
    expect(byChannel.size).toBe(2000);
    const values = [...byChannel.values()];
    expect(values.every((set) => set.size === 1)).toBe(true);
    const zeros = values.filter((set) => set.has(0)).length / values.length;
    expect(Math.abs(zeros - 0.25)).toBeLessThan(0.04); // 4 standard deviations
    expect(new Set(values.flatMap((set) => [...set]))).toEqual(new Set([0, Math.fround(4 / 3)]));
  });
});

describe('mistakes', () => {
  const [x, y] = [input({ shape: [3, 4] }), input({ shape: [5, 4] })];
  it.each([
    ['three inputs of subtract', () => subtract()([x, x, x]), /Subtract at subtract: got 3 inputs, expected 2/],
    ['one input', () => multiply()([x]), /got 1 inputs/],
    ['other shapes', () => maximum()([x, y]), /at maximum: got \[batch, 3, 4\] and \[batch, 5, 4\]/],
    [
      'a batch that would line up with steps',
      () => add()([input({ shape: [3] }), y]),
      /got \[batch, 1, 3\] and \[batch, 5, 4\]|\[batch, 5, 4\]/,
    ],
    [
      'average of whole numbers',
      () => average()([0, 1].map(() => input({ shape: [2], dtype: 'int32' }))),
      /Average at average: got int32/,
    ],
    ['dot along the batch', () => dot({ axes: 0 })([x, y]), /got axis 0/],
    ['dot along no axis', () => dot({ axes: 3 })([x, y]), /got axis 3 .* from 1 to 2/],
    ['dot of other sizes', () => dot({ axes: 1 })([x, y]), /axes of one size/],
    ['dot with three axes', () => dot({ axes: [1, 2, 3] as never }), /axes = \[1,2,3\]/],
    ['permute that leaves out an axis', () => permute({ dims: [1, 3] }), /dims = \[1,3\]/],
    ['permute of other rank', () => permute({ dims: [1, 2, 3] })(x), /3 axes behind the batch/],
    ['repeat 0 times', () => repeatVector({ n: 0 }), /n = 0/],
    ['repeat a matrix', () => repeatVector({ n: 2 })(x), /\[batch, features\]/],
    ['rank of spatialDropout2d', () => spatialDropout2d({ rate: 0.1 })(x), /\[batch, height, width, channels\]/],
    ['rate of spatialDropout1d', () => spatialDropout1d({ rate: 1 }), /rate = 1/],
    [
      'data format',
      () => spatialDropout2d({ rate: 0.1, dataFormat: 'channelFirst' as 'channelsFirst' }),
      /Did you mean 'channelsFirst'/,
    ],
  ])('%s', (_, build, message) => {
    expect(build).toThrow(message);
  });
});
