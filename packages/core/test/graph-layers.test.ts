// Graph convolution and attention: what golden values cannot show. Values and gradients are in layers.test.ts.
import { afterAll, describe, expect, it } from 'vitest';
import {
  type GatConvOptions,
  gatConv,
  gcnConv,
  input,
  load,
  losses,
  type Model,
  metrics,
  model,
  type StratusError,
  type Tensor,
  tensor,
} from '../src/index.ts';

const opened: Model[] = [];
afterAll(() => Promise.all(opened.map((net) => net.release())));
const keep = (net: Model): Model => {
  opened.push(net);
  return net;
};

const features = 3;
const net = (
  layer: ReturnType<typeof gcnConv>,
  { nodes = 'nodes', weighted = false }: { nodes?: number | string; weighted?: boolean } = {},
) => {
  const x = input({ shape: [nodes, features], name: 'x' });
  const edges = input({ shape: [2, 'edges'], dtype: 'int32', name: 'edges' });
  const weights = input({ shape: ['edges'], name: 'weights' });
  const inputs = weighted ? [x, edges, weights] : [x, edges];
  return keep(model({ inputs, outputs: { y: layer(inputs) }, seed: 3 }));
};
const nodesOf = (...shape: number[]): Tensor =>
  tensor(
    Float32Array.from({ length: shape.reduce((n, d) => n * d, 1) }, (_, i) => Math.sin(i * i + 1)),
    { shape },
  );
const edgesOf = (...pairs: (readonly [number, number])[]): number[][] => [pairs.map(([s]) => s), pairs.map(([, t]) => t)];
const int32 = (values: number[][][]): Tensor => tensor(values, { dtype: 'int32' });
const numbers = ({ data }: Tensor): number[] => Array.from(data as Float32Array);

const layers = {
  gcnConv: () => gcnConv({ units: 4 }),
  gatConv: () => gatConv({ units: 2, heads: 2 }),
};

describe.each(Object.entries(layers))('%s', (_, make) => {
  it('gives a graph in a padded batch what it gives the graph alone', async () => {
    const it = net(make());
    const [a, b] = [nodesOf(1, 4, features), nodesOf(1, 4, features)];
    (b.data as Float32Array).reverse();
    const [ofA, ofB] = [edgesOf([0, 1], [1, 2], [3, 0]), edgesOf([2, 3])];
    const alone = await Promise.all([it.predict({ x: a, edges: int32([ofA]) }), it.predict({ x: b, edges: int32([ofB]) })]);
    const x = tensor(Float32Array.from([...a.data, ...b.data] as number[]), { shape: [2, 4, features] });
    const padded = ofB.map((list) => [-1, ...list, -1]);
    const both = await it.predict({ x, edges: int32([ofA, padded]) });
    const apart = alone.flatMap((y) => numbers(y as Tensor));
    for (const [i, y] of numbers(both as Tensor).entries()) expect(Math.abs(y - apart[i]!)).toBeLessThan(1e-6);
  });

  it('does not depend on the order of the edges, nor on the numbers of the nodes', async () => {
    const it = net(make(), { nodes: 4 });
    const pairs = [
      [0, 1],
      [1, 2],
      [3, 0],
      [2, 0],
    ] as const;
    const x = nodesOf(1, 4, features);
    const y = numbers((await it.predict({ x, edges: int32([edgesOf(...pairs)]) })) as Tensor);
    const moved = [2, 0, 3, 1]; // node i becomes node moved[i]
    const shuffled = new Float32Array(4 * features);
    for (let i = 0; i < 4; i++)
      shuffled.set(x.data.slice(i * features, (i + 1) * features) as Float32Array, moved[i]! * features);
    const renamed = pairs.toReversed().map(([s, t]) => [moved[s]!, moved[t]!] as const);
    const again = (await it.predict({
      x: tensor(shuffled, { shape: [1, 4, features] }),
      edges: int32([edgesOf(...renamed)]),
    })) as Tensor;
    const units = again.shape[2]!;
    for (let i = 0; i < 4; i++)
      for (let u = 0; u < units; u++)
        expect(Math.abs(numbers(again)[moved[i]! * units + u]! - y[i * units + u]!)).toBeLessThan(1e-6);
  });

  it('works without any edge', async () => {
    const it = net(make());
    const y = (await it.predict({
      x: nodesOf(1, 2, features),
      edges: tensor(new Int32Array(0), { shape: [1, 2, 0] }),
    })) as Tensor;
    expect(y.shape).toEqual([1, 2, 4]);
    expect(numbers(y).every(Number.isFinite)).toBe(true);
  });

  it.each([
    ['a source that is no node', [[4, 0]], /from 0 to 3, but 4 occurs/],
    [
      'a target that is no node',
      [
        [0, 1],
        [1, 9],
      ],
      /from 0 to 3, but 9 occurs/,
    ],
    ['a negative end', [[-2, 0]], /a number below 0 occurs/],
    ['an edge of which one half is padding', [[2, -1]], /a number below 0 occurs/],
  ] as const)('refuses %s, naming the layer', async (_what, pairs, message) => {
    const it = net(make(), { nodes: 4 });
    const run = it.predict({ x: nodesOf(1, 4, features), edges: int32([edgesOf(...pairs)]) });
    await expect(run).rejects.toMatchObject({ code: 'index-range', message: expect.stringMatching(message) });
    await expect(run).rejects.toThrow(/conv/i);
  });

  it('refuses an edge into another graph of the batch', async () => {
    const it = net(make());
    const edges = int32([edgesOf([0, 1]), edgesOf([0, -1])]);
    await expect(it.predict({ x: nodesOf(2, 3, features), edges })).rejects.toMatchObject({ code: 'index-range' });
    const beyond = int32([edgesOf([0, 3]), edgesOf([0, 1])]); // would be node 0 of the second
    await expect(it.predict({ x: nodesOf(2, 3, features), edges: beyond })).rejects.toMatchObject({ code: 'index-range' });
  });
});

describe('gatConv', () => {
  it('stays finite for scores that no exponential holds, and for nodes that nothing reaches', async () => {
    const run = async (options: Partial<GatConvOptions>): Promise<number[]> => {
      const it = net(gatConv({ units: 2, useBias: false, ...options }));
      const x = tensor(Float32Array.from([1e4, -1e4, 3e3, 1, 2, 3, -1e5, 0, 1e5]), { shape: [1, 3, features] });
      return numbers((await it.predict({ x, edges: int32([edgesOf([0, 1], [2, 1])]) })) as Tensor);
    };
    expect((await run({})).every(Number.isFinite)).toBe(true);
    const without = await run({ selfLoops: false });
    expect(without.every(Number.isFinite)).toBe(true);
    expect([without[0], without[1], without[4], without[5]]).toEqual([0, 0, 0, 0]);
    expect(without[2]).not.toBe(0);
  });

  it('drops attention in training, and learns all the same', async () => {
    const it = net(gatConv({ units: 2, dropout: 0.5 }), { nodes: 4 });
    it.compile({ optimizer: 'adam', loss: 'meanSquaredError' });
    const x = { x: nodesOf(1, 4, features), edges: int32([edgesOf([0, 1], [1, 2], [2, 3], [3, 0])]) };
    const { history } = await it.fit(x, nodesOf(1, 4, 2), { epochs: 3, shuffle: false, verbose: 0 });
    expect(new Set(history['loss']).size).toBe(3);
  });
});

describe('edges with weights', () => {
  it('weight 0 is as no edge, 2 as the edge twice', async () => {
    const it = net(gcnConv({ units: 2, normalization: 'mean' }), { weighted: true });
    const x = nodesOf(1, 3, features);
    const run = async (pairs: (readonly [number, number])[], weights: number[]): Promise<number[]> =>
      numbers((await it.predict({ x, edges: int32([edgesOf(...pairs)]), weights: tensor([weights]) })) as Tensor);
    const weighed = await run(
      [
        [0, 1],
        [2, 1],
        [1, 2],
      ],
      [2, 0, 1],
    );
    const listed = await run(
      [
        [0, 1],
        [0, 1],
        [1, 2],
      ],
      [1, 1, 1],
    );
    for (const [i, y] of weighed.entries()) expect(Math.abs(y - listed[i]!)).toBeLessThan(1e-6);
  });
});

describe('learning from some nodes only', () => {
  const build = (): Model => {
    const it = net(gcnConv({ units: 3 }), { nodes: 4 });
    return it.compile({
      optimizer: 'adam',
      loss: losses.sparseCategoricalCrossentropy({ fromLogits: true, ignoreClass: -1 }),
      metrics: [metrics.sparseCategoricalAccuracy({ ignoreClass: -1, name: 'accuracy' })],
    });
  };
  const x = { x: nodesOf(1, 4, features), edges: int32([edgesOf([0, 1], [1, 2], [2, 3])]) };

  it('counts the nodes that have a label', async () => {
    const it = build();
    const scores = numbers((await it.predict(x)) as Tensor);
    const row = (node: number): number[] => scores.slice(3 * node, 3 * node + 3);
    const cost = (node: number, label: number): number =>
      Math.log(row(node).reduce((sum, s) => sum + Math.exp(s), 0)) - row(node)[label]!;
    const right = (node: number, label: number): number => (row(node)[label] === Math.max(...row(node)) ? 1 : 0);
    const { loss, accuracy } = await it.evaluate(x, [[2, -1, 0, -1]]);
    expect(Math.abs((loss as number) - (cost(0, 2) + cost(2, 0)) / 2)).toBeLessThan(1e-6);
    expect(accuracy).toBe((right(0, 2) + right(2, 0)) / 2);
    const { history } = await it.fit(x, [[2, -1, 0, -1]], { epochs: 5, shuffle: false, verbose: 0 });
    expect(history['loss']!.at(-1) as number).toBeLessThan(history['loss']![0] as number);
    const again = keep(await load(await it.toBytes())); // comes back compiled, with what it ignores
    expect(await again.evaluate(x, [[2, -1, 0, -1]])).toEqual(await it.evaluate(x, [[2, -1, 0, -1]]));
  });

  it('knows other labels from mistakes', async () => {
    const it = build();
    await expect(it.fit(x, [[2, -2, 0, -1]], { verbose: 0 })).rejects.toMatchObject({ code: 'label-range' });
    await expect(it.evaluate(x, [[2, 3, 0, -1]])).rejects.toMatchObject({ code: 'label-range' });
    expect(() => losses.sparseCategoricalCrossentropy({ ignoreClass: 0.5 })).toThrow(/ignoreClass = 0.5/);
    expect(() => metrics.sparseCategoricalAccuracy({ ignoreClass: Number.NaN })).toThrow(/ignoreClass = NaN/);
  });
});

describe('mistakes are found while the model is made', () => {
  const x = input({ shape: [4, 3] });
  const edges = input({ shape: [2, 'edges'], dtype: 'int32' });
  it.each([
    ['units', () => gcnConv({ units: 0 }), /GCNConv at gCNConv|GCNConv at .*: got units = 0/],
    ['heads', () => gatConv({ units: 1, heads: 1.5 }), /got heads = 1.5/],
    ['normalization', () => gcnConv({ units: 1, normalization: 'symetric' as 'symmetric' }), /Did you mean 'symmetric'/],
    ['one input', () => gcnConv({ units: 1 })(x), /got 1 inputs/],
    ['flat features', () => gcnConv({ units: 1 })([input({ shape: [4] }), edges]), /expected \[batch, nodes, features\]/],
    ['edges as pairs', () => gatConv({ units: 1 })([x, input({ shape: ['edges', 2], dtype: 'int32' })]), /sources, then targets/],
    ['edges of floats', () => gcnConv({ units: 1 })([x, input({ shape: [2, 'edges'] })]), /float32 edges/],
    ['whole features', () => gcnConv({ units: 1 })([input({ shape: [4, 3], dtype: 'int32' }), edges]), /float features/],
    ['weights', () => gcnConv({ units: 1 })([x, edges, input({ shape: [2, 'edges'] })]), /one weight for each edge/],
  ])('%s', (_, build, message) => {
    let error: unknown;
    try {
      build();
    } catch (e) {
      error = e;
    }
    expect((error as StratusError).message).toMatch(message);
  });
});
