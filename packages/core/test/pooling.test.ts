// What the tables of ops and layers do not say: sizes known only at run time, files, layouts, and what is refused.
import { describe, expect, it } from 'vitest';
import * as core from '../src/index.ts';
import {
  averagePooling1d,
  averagePooling2d,
  cropping2d,
  globalAveragePooling1d,
  globalMaxPooling1d,
  grad,
  graphInput,
  graphToModel,
  importGraph,
  input,
  maxPooling1d,
  maxPooling2d,
  model,
  ops,
  type Shape,
  type Tensor,
  tensor,
  upSampling2d,
  type Value,
  zeroPadding2d,
} from '../src/index.ts';
import { buildGraph } from '../src/nn/index.ts';
import { runGraph } from './support/run-graph.ts';

const numbers = (shape: readonly number[]): Tensor =>
  tensor(
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(1 + i * 1.7)),
    { shape },
  );

/** The value and the gradient of sum(y * y), with sizes known and with sizes known only at run time. */
async function bothWays(sizes: readonly number[], open: Shape, build: (x: Value) => Value): Promise<void> {
  const run = async (shape: Shape): Promise<Record<string, Tensor>> => {
    const x = graphInput('x', shape);
    const y = build(x);
    return runGraph({ name: 'pool', inputs: [x], outputs: { y, g: grad(ops.mul(y, y), [x])[0]! } }, { x: numbers(sizes) });
  };
  const [known, atRunTime] = [await run(sizes), await run(open)];
  for (const name of ['y', 'g']) {
    expect(atRunTime[name]!.shape).toEqual(known[name]!.shape);
    const want = known[name]!.data as Float32Array;
    (atRunTime[name]!.data as Float32Array).forEach((v, i) => expect(v).toBeCloseTo(want[i]!, 5));
  }
}

describe('sizes known only at run time', () => {
  const images = ['batch', 2, 'height', 'width'] as const;
  const pads = [
    [1, 1],
    [2, 0],
  ] as const;
  const windows = { kernelShape: [3, 3], strides: [2, 2] };
  it.each<[string, (x: Value) => Value]>([
    ['max, apart', (x) => ops.maxPool(x, { kernelShape: [2, 2], strides: [2, 3] })],
    ['max, overlap', (x) => ops.maxPool(x, { ...windows, pads })],
    ['max, same', (x) => ops.maxPool(x, { ...windows, autoPad: 'SAME_UPPER' })],
    ['average, apart', (x) => ops.averagePool(x, { kernelShape: [2, 2], strides: [2, 3] })],
    ['average, overlap', (x) => ops.averagePool(x, { ...windows, pads })],
    ['average, margin counts', (x) => ops.averagePool(x, { ...windows, pads, countIncludePad: true })],
    ['average, ceil', (x) => ops.averagePool(x, { ...windows, ceilMode: true })],
    [
      'average, ceil, margin counts',
      (x) =>
        ops.averagePool(x, {
          ...windows,
          ceilMode: true,
          countIncludePad: true,
          pads: [
            [1, 1],
            [1, 1],
          ],
        }),
    ],
    ['average, same', (x) => ops.averagePool(x, { ...windows, autoPad: 'SAME_UPPER' })],
    ['average, same, lower', (x) => ops.averagePool(x, { ...windows, autoPad: 'SAME_LOWER' })],
    ['average, dilated', (x) => ops.averagePool(x, { kernelShape: [2, 3], dilations: [3, 2], strides: [2, 1] })],
    ['global average', (x) => ops.globalAveragePool(x)],
    ['global max', (x) => ops.globalMaxPool(x)],
    ['nearest', (x) => ops.resize(x, { axes: [2, 3], scales: [2, 3] })],
  ])('%s', async (_, build) => {
    await bothWays([2, 2, 8, 6], images, build);
    await bothWays([1, 2, 7, 5], images, build);
  });

  it('have one text for one size', () => {
    const [half] = [ops.maxPool(graphInput('x', ['batch', 1, 'time']), { kernelShape: [2], strides: [2] })];
    expect(half!.shape).toEqual(['batch', 1, 'ceil((time - 1) / 2)']);
    const twice = ops.resize(graphInput('x', ['batch', 1, 'time']), { axes: [2], scales: [2] });
    expect(twice.shape).toEqual(['batch', 1, '(time * 2)']);
    expect(ops.maxPool(twice, { kernelShape: [2], strides: [2] }).shape).toEqual(['batch', 1, 'time']);
  });
});

describe('a file', () => {
  const x = graphInput('x', ['batch', 1, 4, 4]);
  const y = ops.maxPool(x, { kernelShape: [2, 2], strides: [2, 2] });
  const outputsOf = (outputs: Record<string, Value>): (number | undefined)[] =>
    graphToModel({ name: 'pool', inputs: [x], outputs })
      .graph!.node!.filter(({ opType }) => opType === 'MaxPool')
      .map(({ output }) => output?.length);

  it('has positions only where somebody reads them', () => {
    expect(outputsOf({ y })).toEqual([1]);
    expect(outputsOf({ y, g: grad(y, [x])[0]! })).toEqual([2]);
  });

  it('without positions can be read and differentiated', async () => {
    const { graph } = importGraph(graphToModel({ name: 'pool', inputs: [x], outputs: { y } }));
    const [again] = graph.inputs;
    const g = grad(graph.outputs['y']!, [again!])[0]!;
    const made = await runGraph({ name: 'again', inputs: [again!], outputs: { g } }, { x: numbers([2, 1, 4, 4]) });
    expect((made['g']!.data as Float32Array).reduce((a, b) => a + b)).toBe(8);
  });
});

describe('a Resize of opset 10', () => {
  it('is read', async () => {
    const x = graphInput('x', ['batch', 1, 2, 2]);
    const now = ops.resize(x, { axes: [2, 3], scales: [2, 2], coordinates: 'asymmetric', rounding: 'floor' });
    const proto = graphToModel({ name: 'larger', inputs: [x], outputs: { y: now } });
    const [node] = proto.graph!.node!;
    const mode = node!.attribute!.filter(({ name }) => name === 'mode');
    const old = { ...node!, input: [node!.input![0]!, node!.input![2]!], attribute: mode };
    const { graph } = importGraph({
      ...proto,
      opsetImport: [{ domain: '', version: 10 }],
      graph: { ...proto.graph!, node: [old] },
    });
    const made = await runGraph(graph, { x: tensor([1, 2, 3, 4], { shape: [1, 1, 2, 2], dtype: 'float32' }) });
    expect([...(made['y']!.data as Float32Array)]).toEqual([1, 1, 2, 2, 1, 1, 2, 2, 3, 3, 4, 4, 3, 3, 4, 4]);
  });
});

describe('numbers that are none', () => {
  const x = graphInput('x', ['batch', 1, 2, 4]);
  const y = ops.maxPool(x, { kernelShape: [2, 2], strides: [2, 2] });
  it.each([Number.NaN, -Infinity, -3.4028234663852886e38])('%s everywhere puts the gradient inside', async (value) => {
    const graph = { name: 'pool', inputs: [x], outputs: { y, g: grad(y, [x])[0]! } };
    const made = await runGraph(graph, { x: tensor(new Float32Array(16).fill(value), { shape: [2, 1, 2, 4] }) });
    expect([...(made['y']!.data as Float32Array)]).toEqual([value, value, value, value]);
    const g = made['g']!.data as Float32Array;
    expect([g.slice(0, 8), g.slice(8)].map((image) => image.reduce((a, b) => a + b))).toEqual([2, 2]);
  });
});

describe('layers', () => {
  it('transpose nothing between them', () => {
    const x = input({ shape: [16, 16, 3], name: 'x' });
    const layers = [zeroPadding2d(), maxPooling2d(), averagePooling2d(), upSampling2d(), cropping2d()];
    const built = buildGraph(
      model({ inputs: x, outputs: layers.reduce((v, layer) => layer(v), x as core.Symbolic) }).architecture,
      {
        training: false,
      },
    );
    const inputs = Object.values(built.inputs);
    const nodes = graphToModel({ name: 'chain', inputs, outputs: built.outputs }).graph!.node!;
    expect(nodes.map(({ opType }) => opType)).toEqual([
      'Pad',
      'Transpose',
      'MaxPool',
      'AveragePool',
      'Resize',
      'Pad',
      'Transpose',
    ]);
  });

  it.each(['relu', 'tanh', 'sigmoid', 'softplus', 'gelu'] as const)(
    'pool before an activation that only rises: %s',
    async (name) => {
      const x = input({ shape: [5, 4, 2], name: 'x' });
      const before = core.activation({ activation: name })(averagePooling2d({ poolSize: 1 })(x));
      const pooled = maxPooling2d({ padding: 'same' })(before);
      const made = await Promise.all(
        [true, false].map(async (training) => {
          const built = buildGraph(model({ inputs: x, outputs: pooled }).architecture, { training });
          const y = Object.values(built.outputs)[0]!;
          const g = grad(ops.mul(y, y), [built.inputs['x']!])[0]!;
          const graph = { name: 'pool', inputs: Object.values(built.inputs), outputs: { y, g } };
          const order = graphToModel({ ...graph, outputs: { y } }).graph!.node!.map(({ opType }) => opType!);
          const feeds = { x: numbers([3, 5, 4, 2]) };
          return { order, ...((await runGraph(graph, feeds)) as { y: Tensor; g: Tensor }) };
        }),
      );
      const [learns, serves] = made as [(typeof made)[0], (typeof made)[0]];
      for (const part of ['y', 'g'] as const)
        (learns[part].data as Float32Array).forEach((v, i) => expect(v).toBeCloseTo(serves[part].data[i] as number, 6));
      expect(serves.order.at(-2)).toBe('MaxPool');
      expect(learns.order.indexOf('MaxPool') < learns.order.length - 2).toBe(name !== 'gelu');
    },
  );

  it('know sizes of sequences of any length', () => {
    const x = input({ shape: ['time', 4] });
    expect(maxPooling1d({ padding: 'same' })(x).shape).toEqual(['batch', 'ceil(time / 2)', 4]);
    expect(averagePooling1d({ poolSize: 3, strides: 1, padding: 'same' })(x).shape).toEqual(['batch', 'time', 4]);
    expect(globalAveragePooling1d()(x).shape).toEqual(['batch', 4]);
  });

  const masked = core.defineLayer<object>({ type: 'Masked', inputs: [2, 2], build: (_, [x]) => x!, mask: (_, [, mask]) => mask });
  it.each([
    ['average', globalAveragePooling1d, [0, 3]],
    ['max', globalMaxPooling1d, [0, 4]],
  ])('give 0 for a row without a real step: global %s', async (_, layer, want) => {
    const [x, mask] = [input({ shape: [3, 1], name: 'x' }), input({ shape: [3], dtype: 'bool', name: 'mask' })];
    const built = buildGraph(model({ inputs: [x, mask], outputs: layer()(masked({})([x, mask])) }).architecture, {
      training: false,
    });
    const y = Object.values(built.outputs)[0]!;
    const g = grad(y, [built.inputs['x']!])[0]!;
    const made = await runGraph(
      { name: 'masked', inputs: Object.values(built.inputs), outputs: { y, g } },
      {
        x: tensor([-1, -2, -3, 2, 4, 9], { shape: [2, 3, 1], dtype: 'float32' }),
        mask: tensor(
          [
            [false, false, false],
            [true, true, false],
          ],
          { dtype: 'bool' },
        ),
      },
    );
    expect([...(made['y']!.data as Float32Array)].map(Math.abs)).toEqual(want);
    expect([...(made['g']!.data as Float32Array).slice(0, 3)].map(Math.abs)).toEqual([0, 0, 0]);
    expect((made['g']!.data as Float32Array).at(-1)).toBe(0);
  });
});

describe('errors', () => {
  const image = input({ shape: [4, 6, 3] });
  const steps = input({ shape: ['time', 3] });
  const x = graphInput('x', ['batch', 3, 4, 6]);
  it.each<[string, () => unknown, RegExp]>([
    [
      'window',
      () => maxPooling2d({ poolSize: 5, name: 'p' })(image),
      /MaxPooling2D at p: got poolSize \[5, 5\] for input \[batch, 4, 6, 3\]/,
    ],
    [
      'same never fails',
      () => {
        if (maxPooling2d({ poolSize: 5, padding: 'same' })(image).shape[1] === 1) throw new Error('fits');
      },
      /fits/,
    ],
    [
      'rank',
      () => maxPooling2d()(input({ shape: [4, 6] })),
      /MaxPooling2D at maxPooling2D: got input \[batch, 4, 6\], expected \[batch, height, width, channels\].*one channel/,
    ],
    ['pool size', () => averagePooling2d({ poolSize: 0 }), /AveragePooling2D.*poolSize = 0/],
    ['pool sizes', () => averagePooling2d({ poolSize: [2] }), /poolSize = \[2\].*list of 2/],
    ['strides', () => maxPooling1d({ strides: 1.5 }), /MaxPooling1D.*strides = 1.5/],
    ['padding', () => maxPooling2d({ padding: 'full' as 'same' }), /no padding named 'full'/],
    [
      'layout',
      () => maxPooling2d({ dataFormat: 'channelFirst' as 'channelsFirst' }),
      /no data format named 'channelFirst'. Did you mean 'channelsFirst'/,
    ],
    [
      'gaps',
      () => averagePooling1d({ poolSize: 2, strides: 3, padding: 'same' })(steps),
      /strides \[3\], larger than poolSize \[2\]/,
    ],
    ['dtype', () => maxPooling2d()(input({ shape: [4, 4, 1], dtype: 'uint8' })), /got uint8, expected a float/],
    ['dtype of a mean', () => globalAveragePooling1d()(input({ shape: [4, 1], dtype: 'int32' })), /got int32, expected a float/],
    ['cropping', () => cropping2d({ cropping: 2 })(image), /Cropping2D.*cropping of 2 and 2 on an axis of 4.*at least one/],
    ['margin', () => zeroPadding2d({ padding: -1 }), /ZeroPadding2D.*padding = -1/],
    ['margins', () => zeroPadding2d({ padding: [1, [1]] as never }), /padding = \[1,\[1\]\]/],
    ['size', () => upSampling2d({ size: 0 }), /UpSampling2D.*size = 0/],
    ['interpolation', () => upSampling2d({ interpolation: 'linear' as 'nearest' }), /no interpolation named 'linear'/],
    [
      'op: window',
      () => ops.averagePool(x, { kernelShape: [5, 5] }),
      /a window of 5 elements on axis 2 of shape \[batch, 3, 4, 6\]/,
    ],
    [
      'op: pads',
      () =>
        ops.maxPool(x, {
          kernelShape: [2, 2],
          pads: [
            [2, 0],
            [0, 0],
          ],
        }),
      /pads \[2, 0, 0, 0\] for a window of \[2, 2\]/,
    ],
    ['op: axes', () => ops.maxPool(x, { kernelShape: [2] }), /a window of \[2\]/],
    ['op: strides', () => ops.maxPool(x, { kernelShape: [2, 2], strides: [0, 1] }), /strides \[0, 1\]/],
    ['op: scales', () => ops.resize(x, { axes: [2], scales: [0] }), /scales/],
    ['op: blocks', () => ops.depthToSpace(x, 2), /blocks of 2/],
    ['op: space', () => ops.spaceToDepth(x, 4), /blocks of 4/],
    [
      'op: linear at run time',
      () => {
        const open = graphInput('x', ['batch', 1, 'height', 4]);
        grad(ops.resize(open, { axes: [2], scales: [2], mode: 'linear' }), [open]);
      },
      /Resize of an axis of height to \(height \* 2\) with the mode 'linear'/,
    ],
  ])('%s', (_, build, message) => {
    expect(build).toThrow(message);
  });
});

describe('sequences that are too short for the windows', () => {
  const chain = (layers: readonly core.Layer[]) => {
    const x = input({ shape: ['time', 2], name: 'x' });
    return model({ inputs: x, outputs: layers.reduce((v, layer) => layer(v), x as core.Symbolic) });
  };
  it.each([
    ['max', [maxPooling1d({ name: 'pool' })], 2],
    ['average', [averagePooling1d({ name: 'pool', poolSize: 3, strides: 2 })], 3],
    ['one after the other', [maxPooling1d(), maxPooling1d({ name: 'pool' })], 4],
    ['a convolution before', [core.conv1d({ filters: 2, kernelSize: 4 }), maxPooling1d({ name: 'pool' })], 5],
    ['a convolution', [core.conv1d({ filters: 2, kernelSize: 4, name: 'pool' })], 4],
  ])('are an error that names the layer, and longer ones are none: %s', async (_, layers, least) => {
    const net = chain(layers);
    const made = (await net.predict(numbers([3, least, 2]))) as Tensor;
    expect(made.shape.slice(0, 2)).toEqual([3, 1]);
    await expect(net.predict(numbers([3, least - 1, 2]))).rejects.toMatchObject({
      code: 'shape-mismatch',
      message: expect.stringMatching(/at pool: got \d elements on an axis \(.*time.*\), expected at least \d/) as string,
    });
    await net.release();
  });

  it("nothing is asked where windows fill up with a margin: padding 'same'", async () => {
    const net = chain([maxPooling1d({ padding: 'same' })]);
    expect(((await net.predict(numbers([3, 1, 2]))) as Tensor).shape).toEqual([3, 1, 2]);
    await net.release();
  });
});
