// Layers inside of layers, and layers of several outputs: what is frozen stays, what is padded does not count.
import { describe, expect, it } from 'vitest';
import * as core from '../src/index.ts';
import {
  batchNormalization,
  bidirectional,
  conv1d,
  cropping1d,
  defineLayer,
  dense,
  gatConv,
  globalMaxPooling1d,
  gru,
  importModel,
  input,
  type Layer,
  load,
  lstm,
  masking,
  maxPooling1d,
  model,
  type Symbolic,
  type Tensor,
  tensor,
  timeDistributed,
} from '../src/index.ts';

const numbers = (...shape: number[]): Tensor =>
  tensor(
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(1 + i * 1.7)),
    { shape },
  );

/** Which weights a step moves. */
async function moved(net: core.Model, x: Tensor, y: Tensor): Promise<string[]> {
  net.compile({ optimizer: core.sgd({ learningRate: 0.1 }), loss: 'meanSquaredError' });
  const before = await net.getWeights();
  await net.trainOnBatch(x, y);
  const after = await net.getWeights();
  return Object.keys(before).filter((name) => before[name]!.data.some((v, i) => v !== after[name]!.data[i]));
}

describe('what an inner layer has frozen', () => {
  const steps = input({ shape: [3, 4], name: 'x' });
  const x = numbers(5, 3, 4);

  it.each<[string, Layer, number[]]>([
    ['of timeDistributed', timeDistributed({ layer: dense({ units: 2, trainable: false }) }), [5, 3, 2]],
    ['of timeDistributed, statistics', timeDistributed({ layer: batchNormalization({ trainable: false }) }), [5, 3, 4]],
    ['of bidirectional', bidirectional({ layer: lstm({ units: 2, trainable: false }) }), [5, 4]],
  ])('stays: %s; also when it was saved', async (_, layer, shape) => {
    const net = model({ inputs: steps, outputs: layer(steps) });
    const again = await load(await net.toBytes());
    expect(await moved(net, x, numbers(...shape))).toEqual([]);
    expect(await moved(again, x, numbers(...shape))).toEqual([]);
    await Promise.all([net.release(), again.release()]);
  });

  it('leaves the others', async () => {
    const net = model({ inputs: steps, outputs: timeDistributed({ layer: dense({ units: 2 }) })(steps) });
    expect(await moved(net, x, numbers(5, 3, 2))).toEqual(['timeDistributed/kernel', 'timeDistributed/bias']);
    await net.release();
  });
});

describe('freezing statistics by name', () => {
  const row = input({ shape: [3], name: 'x' });
  const normalized = () => model({ inputs: row, outputs: batchNormalization({ name: 'bn' })(row) });

  it.each<[string, string[], string[]]>([
    ['one of them', ['bn/movingMean'], ['bn/gamma', 'bn/beta', 'bn/movingVariance']],
    ['both', ['bn/moving*'], ['bn/gamma', 'bn/beta']],
    ['all of the layer', ['bn/*'], []],
  ])('keeps them: %s', async (_, names, want) => {
    const net = normalized();
    net.freeze(...names);
    expect(await moved(net, numbers(6, 3), numbers(6, 3))).toEqual(want);
    await net.release();
  });

  it('of all of the layer is freezing the layer', async () => {
    const [one, other] = [normalized().freeze('bn/*'), normalized().freeze('bn')];
    expect(one.summary()).toBe(other.summary());
    await Promise.all([one.release(), other.release()]);
  });
});

describe('masks of several outputs', () => {
  const sequence = input({ shape: ['time', 2], name: 'x' });
  const apart = bidirectional({ mergeMode: null, layer: gru({ units: 2, returnSequences: true }) });
  const twice = defineLayer<object, readonly Symbolic[]>({
    type: 'Twice',
    mask: 'pass',
    build: (_, [x]) => [core.ops.mul(x!, 2), core.ops.mul(x!, 3)],
  });

  it.each<[string, Layer<readonly Symbolic[]>]>([
    ['both ways apart', apart],
    ['a layer of a user', twice({})],
  ])('padded steps count nowhere: %s', async (_, layer) => {
    const [a, b] = layer(masking()(sequence)) as [Symbolic, Symbolic];
    const net = model({ inputs: sequence, outputs: { a: lstm({ units: 3 })(a), b: lstm({ units: 3 })(b) } });
    const short = numbers(1, 3, 2);
    const padded = tensor([...(short.data as Float32Array), 0, 0, 0, 0], { shape: [1, 5, 2], dtype: 'float32' });
    const [want, got] = [await net.predictAll(short), await net.predictAll(padded)];
    for (const name of ['a', 'b'])
      for (const [i, v] of (want[name]!.data as Float32Array).entries()) expect(got[name]!.data[i]).toBeCloseTo(v, 6);
    await net.release();
  });
});

describe('sequences that turn out too short when the model runs', () => {
  it.each<[string, Layer]>([
    ['for a convolution', conv1d({ filters: 2, kernelSize: 4, name: 'layer' })],
    ['for a pool', maxPooling1d({ poolSize: 4, strides: 1, name: 'layer' })],
    ['for what is cut off', cropping1d({ cropping: [5, 5], name: 'layer' })],
    ['to have a largest element', globalMaxPooling1d({ name: 'layer' })],
  ])('are named: %s', async (name, layer) => {
    const x = input({ shape: ['time', 2] });
    const net = model({ inputs: x, outputs: layer(x) });
    const steps = name.includes('largest') ? 0 : 2;
    const given = tensor(new Float32Array(2 * steps), { shape: [1, steps, 2] });
    await expect(net.predict(given)).rejects.toMatchObject({ code: 'shape-mismatch', message: /at layer: .*longer/ });
    await net.release();
  });
});

it('a graph attention that was exported can be trained after it was imported', async () => {
  const nodes = input({ shape: [4, 3], name: 'features' });
  const edges = input({ shape: [2, 4], dtype: 'int32', name: 'edges' });
  const net = model({ inputs: [nodes, edges], outputs: gatConv({ units: 2 })([nodes, edges]) });
  const imported = (await importModel(await net.toBytes())).layer({ name: 'theirs' });
  const [features, links] = [input({ shape: [4, 3] }), input({ shape: [2, 4], dtype: 'int32' })];
  const own = model({ inputs: [features, links], outputs: imported([features, links]) });
  own.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
  const links4 = tensor([0, 1, 2, 3, 1, 2, 3, 0], { shape: [1, 2, 4], dtype: 'int32' });
  const { loss } = await own.trainOnBatch([numbers(1, 4, 3), links4], numbers(1, 4, 2));
  expect(loss).toBeGreaterThan(0);
  await Promise.all([net.release(), own.release()]);
});
