// Embeddings, positions, attention and transformer blocks: what golden values of one shape do not show.
import { describe, expect, it } from 'vitest';
import {
  embedding,
  grad,
  type InputValue,
  input,
  model,
  multiHeadAttention,
  ops,
  positionalEncoding,
  positionEmbedding,
  reversibleEmbedding,
  rotaryEmbedding,
  type Shape,
  StratusError,
  type Symbolic,
  sequential,
  type Tensor,
  tensor,
  transformerDecoder,
  transformerEncoder,
} from '../src/index.ts';
import { buildGraph } from '../src/nn/index.ts';
import { runGraph } from './support/run-graph.ts';

/** Numbers that look random. */
const numbers = (shape: readonly number[], seed = 1): Tensor =>
  tensor(
    Float32Array.from({ length: shape.reduce((n, d) => n * d, 1) }, (_, i) => Math.sin(12.9898 * (i + 1) * seed) * 0.9),
    { shape },
  );
const ids = (values: number[][]): Tensor => tensor(values, { dtype: 'int32' });
const floats = ({ data }: Tensor): number[] => Array.from(data as Float32Array);
const x = (shape: Shape, name?: string): InputValue => input({ shape, ...(name && { name }) });
const tokens = (...shape: Shape): InputValue => input({ shape, dtype: 'int32', name: 'tokens' });
const far = (a: readonly number[], b: readonly number[]): number => Math.max(...a.map((v, i) => Math.abs(v - b[i]!)));

async function predict(from: Symbolic | readonly Symbolic[], to: Symbolic, feeds: readonly Tensor[]): Promise<Tensor> {
  const inputs = ('shape' in from ? [from] : from) as InputValue[];
  const net = model({ inputs, outputs: to, seed: 1 });
  try {
    return (await net.predict(
      feeds.length === 1 ? feeds[0]! : Object.fromEntries(inputs.map((v, i) => [v.name!, feeds[i]!])),
    )) as Tensor;
  } finally {
    await net.release();
  }
}
const failure = (run: Promise<unknown>): Promise<StratusError> =>
  run.then(
    () => expect.fail('nothing was thrown'),
    (e: unknown) => (StratusError.is(e) ? e : Promise.reject(e)),
  );

describe('token ids outside the vocabulary', () => {
  for (const [what, layer] of [
    ['embedding', embedding({ inputDim: 65, outputDim: 4, name: 'words' })],
    ['reversibleEmbedding', reversibleEmbedding({ inputDim: 65, outputDim: 4, name: 'words' })],
  ] as const)
    it.each([
      [65, '65'],
      [1000, '1000'],
      [-1, 'a number below 0'],
      [-65, 'a number below 0'],
      [-(2 ** 31) + 65, 'a number below 0'],
    ])(`${what} refuses %d`, async (id, got) => {
      const from = tokens('time');
      const error = await failure(predict(from, layer(from), [ids([[3, id]])]));
      expect([error.code, error.details['at'], error.details['got'], error.details['size']]).toEqual([
        'index-range',
        'words',
        got,
        65,
      ]);
      expect(error.message).toContain('inputDim');
    });

  it('are refused in training, too, and nothing is changed', async () => {
    const net = sequential([tokens(2), embedding({ inputDim: 5, outputDim: 2 })], { seed: 1 });
    net.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
    const before = floats((await net.getWeights())['embedding/embeddings']!);
    const y = numbers([1, 2, 2]);
    expect((await failure(net.fit(ids([[0, 5]]), y, { verbose: 0 }))).code).toBe('index-range');
    expect((await failure(net.fit(ids([[0, -1]]), y, { verbose: 0 }))).code).toBe('index-range');
    expect(floats((await net.getWeights())['embedding/embeddings']!)).toEqual(before);
    await net.release();
  });

  it('floats are refused when the model is made', () => {
    expect(() => embedding({ inputDim: 5, outputDim: 2 })(x([3]))).toThrow(
      /float32, expected whole numbers. Declare .*dtype: 'int32'/,
    );
  });
});

describe('positions', () => {
  it('a sequence longer than the table is refused when the model is made, or when it comes', async () => {
    const layer = positionEmbedding({ maxLength: 3, name: 'places' });
    expect(() => layer(x([4, 2]))).toThrow(
      /PositionEmbedding at places: got a sequence of 4 steps, expected at most maxLength = 3/,
    );
    const from = x(['time', 2]);
    const error = await failure(predict(from, layer(from), [numbers([1, 4, 2])]));
    expect([error.code, error.details['at'], error.details['got']]).toEqual(['index-range', 'places', '3']);
    expect(error.message).toContain('maxLength');
  });

  it.each([
    ['positionalEncoding', positionalEncoding()],
    ['positionEmbedding', positionEmbedding({ maxLength: 9 })],
    ['rotaryEmbedding', rotaryEmbedding()],
    ['transformerEncoder', transformerEncoder({ numHeads: 2, intermediateDim: 3, causal: true, rotary: true })],
    ['grouped heads', multiHeadAttention({ numHeads: 6, numKvHeads: 2, keyDim: 2, causal: true })],
  ])('%s gives the same for a length that is known only when it comes', async (_, layer) => {
    const [known, open] = [x([5, 12]), x(['time', 12])];
    const data = numbers([2, 5, 12]);
    const want = floats(await predict(known, layer(known), [data]));
    expect(far(floats(await predict(open, layer(open), [data])), want)).toBeLessThan(1e-6);
  });

  it('products of turned vectors depend on their distance alone', async () => {
    const from = x([6, 4]);
    const row = numbers([4]).data as Float32Array;
    const same = tensor(
      Float32Array.from({ length: 24 }, (_, i) => row[i % 4]!),
      { shape: [1, 6, 4] },
    );
    const turned = floats(await predict(from, rotaryEmbedding({ maxWavelength: 7 })(from), [same]));
    const dot = (i: number, j: number): number =>
      [0, 1, 2, 3].reduce((sum, k) => sum + turned[4 * i + k]! * turned[4 * j + k]!, 0);
    for (const distance of [1, 2, 3]) expect(Math.abs(dot(0, distance) - dot(2, 2 + distance))).toBeLessThan(1e-6);
    expect(Math.abs(dot(0, 1) - dot(0, 2))).toBeGreaterThan(0.01);
  });
});

describe('who sees what', () => {
  const blocks: readonly (readonly [string, (from: InputValue) => Symbolic])[] = [
    ['multiHeadAttention', multiHeadAttention({ numHeads: 2, keyDim: 2, causal: true })],
    ['transformerEncoder', transformerEncoder({ numHeads: 2, intermediateDim: 8, causal: true, normalizeFirst: true })],
    ['transformerDecoder', (from) => transformerDecoder({ numHeads: 2, intermediateDim: 8 })([from, from])],
  ];
  it.each(blocks.slice(0, 2))('%s with causal does not see later steps', async (_, layer) => {
    const from = x([5, 4]);
    const [a, b] = [numbers([1, 5, 4]), numbers([1, 5, 4])];
    (b.data as Float32Array).fill(9, 12); // the last two of five steps
    const [p, q] = [floats(await predict(from, layer(from), [a])), floats(await predict(from, layer(from), [b]))];
    expect(far(p.slice(0, 12), q.slice(0, 12))).toBeLessThan(1e-6);
    expect(far(p.slice(12), q.slice(12))).toBeGreaterThan(0.01);
  });

  it.each(['encoder', 'decoder'] as const)('padding changes nothing in the %s', async (kind) => {
    const net = (from: InputValue): Symbolic => {
      const embedded = positionalEncoding()(embedding({ inputDim: 9, outputDim: 4, maskZero: true })(from));
      const options = { numHeads: 2, intermediateDim: 8 };
      const encoded = transformerEncoder(options)(embedded);
      return kind === 'encoder' ? transformerEncoder(options)(encoded) : transformerDecoder(options)([embedded, encoded]);
    };
    const from = tokens('time');
    const out = net(from);
    const short = floats(await predict(from, out, [ids([[3, 1, 4]])]));
    const long = floats(
      await predict(from, out, [
        ids([
          [3, 1, 4, 0, 0],
          [1, 2, 3, 4, 5],
        ]),
      ]),
    );
    expect(far(short, long.slice(0, 12))).toBeLessThan(1e-6);
  });

  it('a row that may see nothing sees all alike, with finite gradients', async () => {
    const [from, seen] = [x([3, 4], 'x'), input({ shape: [2, 3], dtype: 'bool', name: 'seen' })];
    const query = x([2, 4], 'q');
    const out = multiHeadAttention({ numHeads: 1, keyDim: 4, name: 'it' })([query, from, seen]);
    const built = buildGraph(model({ inputs: [query, from, seen], outputs: out }).architecture, { training: true });
    const ports = [...Object.values(built.inputs), ...built.parameters.map(({ value }) => value)];
    const wrt = ports.filter(({ dtype }) => dtype === 'float32');
    const y = Object.values(built.outputs)[0]!;
    const gradients = grad(ops.reduceSum(ops.mul(y, y)), wrt);
    const feeds = Object.fromEntries(
      ports.map(({ name, shape }, i) => [
        name!,
        numbers(
          shape.map((d) => (typeof d === 'string' ? 1 : d)),
          i + 1,
        ),
      ]),
    );
    const mask = (rows: boolean[][]): Tensor => tensor([rows], { dtype: 'bool' });
    const run = async (rows: boolean[][]) => {
      const outputs = { y, ...Object.fromEntries(gradients.map((g, i) => [`g${i}`, g])) };
      return runGraph({ name: 'masked', inputs: ports, outputs }, { ...feeds, seen: mask(rows) });
    };
    const got = await run([
      [false, false, false],
      [true, true, false],
    ]);
    for (const value of Object.values(got)) expect(floats(value).every(Number.isFinite)).toBe(true);
    // All alike: queries and keys do not matter, and what comes is the mean of the values.
    const [w, b] = [floats(feeds['it/value/kernel']!), floats(feeds['it/value/bias']!)];
    const [ow, ob] = [floats(feeds['it/output/kernel']!), floats(feeds['it/output/bias']!)];
    const data = floats(feeds['x']!);
    const mean = [0, 1, 2, 3].map((i) => (data[i]! + data[4 + i]! + data[8 + i]!) / 3);
    const times = (v: readonly number[], kernel: readonly number[], bias: readonly number[]): number[] =>
      bias.map((c, j) => v.reduce((sum, a, i) => sum + a * kernel[4 * i + j]!, c));
    expect(far(floats(got['y']!).slice(0, 4), times(times(mean, w, b), ow, ob))).toBeLessThan(1e-5);
  });

  it('dropout drops in training only, and each use in its own way', async () => {
    const from = x([4, 4], 'x');
    const out = transformerEncoder({ numHeads: 2, intermediateDim: 8, dropout: 0.5 })(from);
    const { architecture } = model({ inputs: from, outputs: out });
    expect(buildGraph(architecture, { training: false }).keys).toEqual([]);
    // Weights, what attention gives, the hidden layer, what the dense layers give.
    expect(new Set(buildGraph(architecture, { training: true }).keys.map(({ salt }) => salt)).size).toBe(4);
  });
});

describe('one table for both ends', () => {
  it('is one parameter, and its gradient is the sum of both uses', async () => {
    const table = reversibleEmbedding({ inputDim: 7, outputDim: 3, name: 'table' });
    const from = tokens(2);
    const built = buildGraph(model({ inputs: from, outputs: table(table(from)) }).architecture, { training: true });
    expect(built.parameters.map(({ name }) => name)).toEqual(['table/embeddings']);
    const { value } = built.parameters[0]!;
    const ports = [...Object.values(built.inputs), value];
    const [g] = grad(ops.reduceSum(Object.values(built.outputs)[0]!), [value]);
    const e = numbers([7, 3]);
    const got = floats(
      (await runGraph({ name: 'tied', inputs: ports, outputs: { g: g! } }, { tokens: ids([[2, 5]]), [value.name!]: e }))['g']!,
    );
    // sum over tokens t and words v of e_t . e_v
    const at = (row: number, j: number): number => floats(e)[3 * row + j]!;
    const all = [0, 1, 2].map((j) => [0, 1, 2, 3, 4, 5, 6].reduce((sum, v) => sum + at(v, j), 0));
    const want = Array.from({ length: 21 }, (_, i) => {
      const [row, j] = [Math.floor(i / 3), i % 3];
      return at(2, j) + at(5, j) + (row === 2 || row === 5 ? all[j]! : 0);
    });
    expect(far(got, want)).toBeLessThan(1e-5);
  });

  it('refuses vectors of another size', () => {
    expect(() => reversibleEmbedding({ inputDim: 7, outputDim: 3 })(x([2, 4]))).toThrow(
      /vectors \[batch, 2, 4\], expected .*3\]/,
    );
  });
});

describe('bad input', () => {
  const seq = x([3, 6]);
  const bools = (...shape: Shape): InputValue => input({ shape, dtype: 'bool' });
  const two = { numHeads: 2, intermediateDim: 4 };
  it.each<[string, () => unknown, RegExp]>([
    [
      'heads that do not divide',
      () => transformerEncoder({ ...two, numHeads: 4 })(seq),
      /TransformerEncoder at transformerEncoder: got sequences of width 6, expected a width that numHeads = 4 divides/,
    ],
    ['in the decoder', () => transformerDecoder({ ...two, numHeads: 4 })([seq, seq]), /width that numHeads = 4 divides/],
    [
      'groups that do not divide',
      () => multiHeadAttention({ numHeads: 4, numKvHeads: 3, keyDim: 2 }),
      /numHeads = 4 and numKvHeads = 3/,
    ],
    [
      'groups that do not divide, in a block',
      () => transformerEncoder({ ...two, numKvHeads: 4 }),
      /numHeads = 2 and numKvHeads = 4/,
    ],
    ['no heads', () => multiHeadAttention({ numHeads: 0, keyDim: 2 }), /numHeads = 0, expected a whole number of at least 1/],
    [
      'a rank of 2',
      () => multiHeadAttention({ numHeads: 2, keyDim: 3 })(x([6])),
      /queries \[batch, 6\], expected \[batch, steps, width\]/,
    ],
    ['a rank of 4', () => transformerEncoder(two)(x([2, 3, 6])), /input \[batch, 2, 3, 6\]/],
    [
      'token ids',
      () => transformerEncoder(two)(input({ shape: [3, 6], dtype: 'int32' })),
      /int32, expected floats. Token ids go through embedding/,
    ],
    [
      'keys and values of other lengths',
      () => multiHeadAttention({ numHeads: 2, keyDim: 3 })([seq, x([4, 6]), x([5, 6])]),
      /5 keys and 4 values/,
    ],
    ['a mask of another rank', () => multiHeadAttention({ numHeads: 2, keyDim: 3 })([seq, bools(3)]), /a mask of 2 axes/],
    [
      'a mask of another size',
      () => multiHeadAttention({ numHeads: 2, keyDim: 3 })([seq, bools(3, 4)]),
      /\[batch, 1, 3, 4\]|\[batch, 2, 3, 3\]/,
    ],
    [
      'too many sequences',
      () => multiHeadAttention({ numHeads: 2, keyDim: 3 })([seq, seq, seq, seq]),
      /4 sequences, expected 3 at most/,
    ],
    ['a wavelength below zero', () => transformerEncoder({ numHeads: 2, intermediateDim: 3, rotary: -1 }), /rotary/],
    ['an odd width to turn', () => multiHeadAttention({ numHeads: 2, keyDim: 3, rotary: true }), /rotary with keyDim = 3/],
    [
      'an odd width to turn, in a block',
      () => transformerEncoder({ ...two, rotary: true })(seq),
      /rotary with 3 features a head/,
    ],
    ['an odd width to turn, in the layer', () => rotaryEmbedding()(x([4, 3])), /even number of features/],
    ['dropout of all', () => transformerEncoder({ ...two, dropout: 1 }), /dropout = 1/],
    [
      'an unknown activation',
      () => transformerEncoder({ ...two, activation: 'geluu' as 'gelu' }),
      /no activation named 'geluu'. Did you mean 'gelu'/,
    ],
    ['a decoder without an encoder', () => transformerDecoder(two)(seq), /1 inputs, expected 2/],
    ['no vocabulary', () => embedding({ inputDim: 0, outputDim: 2 }), /inputDim = 0/],
  ])('%s', (_, build, message) => {
    expect(build).toThrow(message);
  });
});
