// Folding a batch normalisation: the same numbers, and nothing left of it; what looks alike but is not stays.
import { describe, expect, it } from 'vitest';
import { grad } from '../src/grad/index.ts';
import { toposort } from '../src/graph/index.ts';
import * as core from '../src/index.ts';
import { constant, foldBatchNormalization, type Graph, graphInput, ops, type Value } from '../src/index.ts';
import {
  fuseElementwise,
  matrixProducts,
  planeConvolutions,
  planePools,
  pooledConvolutions,
  productPrograms,
  sharedGelu,
  simplify,
} from '../src/passes/index.ts';
import { draw } from './support/op-rows.ts';
import { runGraph } from './support/run-graph.ts';

const drawn = (name: string, shape: readonly number[], domain: readonly [number, number] = [-1, 1]): core.Tensor =>
  core.tensor(draw(name, shape, domain), { dtype: 'float32' }).reshape([...shape]);
const fixed = (name: string, ...shape: number[]): Value => constant(drawn(name, shape), name);
let normalizations = 0;
const normalized = (x: Value): Value => {
  const channels = x.shape[1] as number;
  const name = `bn${normalizations++}`;
  const [scale, bias, mean] = ['scale', 'bias', 'mean'].map((part) => fixed(`${name}/${part}`, channels)) as [
    Value,
    Value,
    Value,
  ];
  const variance = constant(drawn(`${name}/variance`, [channels], [0.5, 2]));
  return ops.batchNormalization(x, { scale, bias, mean, variance, epsilon: 0.01 });
};

const opsOf = (graph: Graph): string[] => toposort(Object.values(graph.outputs)).map(({ op }) => op.type);
const left = (graph: Graph): number => opsOf(graph).filter((op) => op === 'BatchNormalization').length;

const image = graphInput('x', ['batch', 4, 5, 5]);
const rows = graphInput('x', ['batch', 4]);
const steps = graphInput('x', ['batch', 3, 4]);
const feeds = (x: Value): Record<string, core.Tensor> => ({ x: drawn('x', [2, ...(x.shape.slice(1) as number[])]) });

async function same(x: Value, build: (x: Value) => Readonly<Record<string, Value>>): Promise<{ before: Graph; after: Graph }> {
  const before: Graph = { name: 'net', inputs: [x], outputs: build(x) };
  const kept = opsOf(before);
  const after = foldBatchNormalization(before);
  expect(opsOf(before), 'the graph that was given').toEqual(kept);
  const [want, got] = [await runGraph(before, feeds(x), 'disabled'), await runGraph(after, feeds(x), 'disabled')];
  expect(Object.keys(got)).toEqual(Object.keys(want));
  for (const [name, { data, shape }] of Object.entries(want)) {
    expect(got[name]!.shape).toEqual(shape);
    for (const [i, v] of (data as Float32Array).entries())
      expect(got[name]!.data[i], `${name}[${i}]`).toBeCloseTo(v as number, 5);
  }
  return { before, after };
}

const { conv, gemm, matMul, add, relu, convTranspose } = ops;
const strided = {
  strides: [2, 2],
  pads: [
    [1, 0],
    [0, 1],
  ],
} as const;

describe('foldBatchNormalization', () => {
  it.each<[string, Value, (x: Value) => Value, readonly string[]]>([
    ['a convolution', image, (x) => conv(x, fixed('w', 3, 4, 3, 3)), ['Conv']],
    ['with a bias', image, (x) => conv(x, fixed('w', 3, 4, 3, 3), { ...strided, bias: fixed('b', 3) }), ['Conv']],
    ['in groups', image, (x) => conv(x, fixed('w', 6, 2, 3, 3), { group: 2 }), ['Conv']],
    ['with its bias added', image, (x) => add(conv(x, fixed('w', 3, 4, 3, 3)), fixed('b', 3, 1, 1)), ['Conv']],
    ['with its bias added first', image, (x) => add(fixed('b', 1, 3, 1, 1), conv(x, fixed('w', 3, 4, 3, 3))), ['Conv']],
    ['a transposed convolution', image, (x) => convTranspose(x, fixed('w', 4, 3, 2, 2), { strides: [2, 2] }), ['ConvTranspose']],
    [
      'a transposed convolution in groups',
      image,
      (x) => convTranspose(x, fixed('w', 4, 3, 2, 2), { group: 2, bias: fixed('b', 6) }),
      ['ConvTranspose'],
    ],
    ['a product of rows', rows, (x) => matMul(x, fixed('w', 4, 3)), ['MatMul', 'Add']],
    ['a dense layer', rows, (x) => add(matMul(x, fixed('w', 4, 3)), fixed('b', 3)), ['MatMul', 'Add']],
    ['Gemm', rows, (x) => gemm(x, fixed('w', 4, 3), fixed('b', 1, 3)), ['Gemm']],
    ['Gemm with transposed weights', rows, (x) => gemm(x, fixed('w', 3, 4), undefined, { transB: true }), ['Gemm']],
  ])('%s', async (_, x, build, want) => {
    const { after } = await same(x, (v) => ({ y: normalized(build(v)) }));
    expect(opsOf(after)).toEqual(want);
  });

  it('several after each other, each with the name of its weights', async () => {
    const { after } = await same(image, (x) => {
      const one = relu(normalized(conv(x, fixed('w1', 4, 4, 3, 3))));
      return { one, two: normalized(conv(one, fixed('w2', 2, 4, 3, 3), { bias: fixed('b2', 2) })) };
    });
    expect(opsOf(after)).toEqual(['Conv', 'Relu', 'Conv']);
    const names = toposort(Object.values(after.outputs)).flatMap(({ ins }) =>
      ins.flatMap((v) => (v?.data && v.name ? [v.name] : [])),
    );
    expect(names).toEqual(['w1', 'w2', 'b2']);
  });

  it('weights that two convolutions share', async () => {
    const w = fixed('w', 4, 4, 3, 3);
    const { after } = await same(image, (x) => {
      const one = conv(x, w, {
        pads: [
          [1, 1],
          [1, 1],
        ],
      });
      return {
        y: add(
          normalized(one),
          conv(relu(x), w, {
            pads: [
              [1, 1],
              [1, 1],
            ],
          }),
        ),
      };
    });
    expect(left(after)).toBe(0);
  });

  it.each<[string, Value, (x: Value) => Record<string, Value>]>([
    ['what is read elsewhere', image, (x) => twice(conv(x, fixed('w', 3, 4, 3, 3)))],
    ['what is an output itself', image, (x) => output(conv(x, fixed('w', 3, 4, 3, 3)))],
    ['what is read elsewhere before its bias', image, (x) => biasApart(conv(x, fixed('w', 3, 4, 3, 3)))],
    ['what is not linear', image, (x) => ({ y: normalized(relu(conv(x, fixed('w', 3, 4, 3, 3)))) })],
    ['another sum', image, (x) => ({ y: normalized(add(conv(x, fixed('w', 3, 4, 3, 3)), fixed('b', 3, 3))) })],
    ['the steps of a sequence', steps, (x) => ({ y: normalized(matMul(x, fixed('w', 4, 2))) })],
    ['a factor', rows, (x) => ({ y: normalized(gemm(x, fixed('w', 4, 3), fixed('b', 3), { beta: 2 })) })],
    ['nothing', image, (x) => ({ y: normalized(x) })],
  ])('leaves %s', async (_, x, build) => {
    const { after } = await same(x, build);
    expect(left(after)).toBe(1);
  });

  const twice = (v: Value): Record<string, Value> => ({ y: add(normalized(v), v) });
  const output = (v: Value): Record<string, Value> => ({ y: normalized(v), v });
  const biasApart = (v: Value): Record<string, Value> => ({ y: normalized(add(v, fixed('b', 3, 1, 1))), z: relu(v) });

  it('leaves weights that are fed', () => {
    const w = graphInput('w', [3, 4, 3, 3]);
    const graph: Graph = { name: 'net', inputs: [image, w], outputs: { y: normalized(conv(image, w)) } };
    expect(left(foldBatchNormalization(graph))).toBe(1);
  });
});

describe('save({ foldBatchNormalization })', () => {
  const net = async (): Promise<core.Model> => {
    const made = core.sequential([
      core.input({ shape: [6, 6, 2], name: 'x' }),
      core.conv2d({ filters: 3, kernelSize: 3 }),
      core.batchNormalization({ momentum: 0.5 }),
      core.activation({ activation: 'relu' }),
      core.conv2d({ filters: 4, kernelSize: 2, useBias: false }),
      core.batchNormalization({ momentum: 0.5, scale: false }),
      core.flatten(),
      core.dense({ units: 5 }),
      core.batchNormalization({ momentum: 0.5, center: false }),
      core.dense({ units: 2, activation: 'softmax' }),
    ]);
    made.compile({ optimizer: core.sgd({ learningRate: 0.05 }), loss: 'sparseCategoricalCrossentropy' });
    const labels = core.tensor(Int32Array.from({ length: 16 }, (_, i) => i % 2));
    await made.fit(drawn('images', [16, 6, 6, 2]), labels, { batchSize: 8, epochs: 2, verbose: 0 });
    return made;
  };

  it('writes a model without normalisations that answers the same', async () => {
    const model = await net();
    const images = drawn('others', [3, 6, 6, 2], [-2, 2]);
    const want = (await model.predict(images)).data as Float32Array;
    const [plain, folded] = [await model.toBytes(), await model.toBytes({ foldBatchNormalization: true })];
    const types = (bytes: Uint8Array): string[] => core.decodeModel(bytes).graph!.node!.map(({ opType }) => opType!);
    expect(types(plain).filter((op) => op === 'BatchNormalization').length).toBe(3);
    expect(types(folded)).not.toContain('BatchNormalization');
    const { manifest } = await core.decodeArtifact(folded);
    expect([manifest.architecture, manifest.compile]).toEqual([undefined, undefined]);
    const executor = await core.createExecutor({ threads: 1 });
    const program = await executor.compile(folded);
    const [got] = Object.values(await program.run({ x: images }));
    for (const [i, v] of want.entries()) expect(got!.data[i]).toBeCloseTo(v, 5);
    await Promise.all([program.release(), model.release()]);
    await expect(core.load(folded, { file: 'net.onnx' })).rejects.toMatchObject({
      code: 'bad-graph',
      message: /net\.onnx: got a model that was saved for inference alone.*without foldBatchNormalization/,
    });
  });
});

describe('products of matrices', () => {
  const typesOf = (build: (a: Value, b: Value, c: Value) => Value, added: readonly (number | string)[]): string[] => {
    const [a, b, c] = [graphInput('a', ['batch', 8]), graphInput('b', [8, 16]), graphInput('c', added)];
    const made = matrixProducts({ name: 'net', inputs: [a, b, c], outputs: { y: build(a, b, c) } }, () => true);
    return toposort(Object.values(made.outputs)).map(({ op }) => op.type);
  };

  it('take a bias and what is like the result, and leave what is spread otherwise', () => {
    expect(typesOf((a, b, c) => ops.gemm(a, b, c), [16])).toEqual(['MatrixProduct']);
    expect(typesOf((a, b, c) => ops.gemm(a, b, c), ['batch', 16])).toEqual(['MatrixProduct']);
    expect(typesOf((a, b, c) => ops.gemm(a, b, c), [1, 16])).toEqual(['Gemm']);
    expect(typesOf((a, b, c) => ops.gemm(a, b, c, { alpha: 2 }), [16])).toEqual(['Gemm']);
  });
});

describe('products that go into programs', () => {
  const [x, w, dy, rate] = [graphInput('x', [6, 8]), graphInput('w', [8, 16]), graphInput('dy', [6, 16]), graphInput('rate', [])];
  const passed = (outputs: Readonly<Record<string, Value>>): [Graph, Graph] => {
    const graph = { name: 'net', inputs: [x, w, dy, rate], outputs };
    const runs = (): boolean => true;
    return [graph, productPrograms(fuseElementwise(matrixProducts(graph, runs), runs), runs)];
  };
  const feeds = {
    x: drawn('x', [6, 8]),
    w: drawn('w', [8, 16]),
    dy: drawn('dy', [6, 16]),
    rate: drawn('rate', []),
  };
  const expectSame = async ([graph, after]: [Graph, Graph]): Promise<void> => {
    const [want, got] = [await runGraph(graph, feeds), await runGraph(after, feeds)];
    for (const [name, { data }] of Object.entries(want))
      for (const [i, number] of Array.from(data as Float32Array).entries())
        expect((got[name]!.data as Float32Array)[i]).toBeCloseTo(number, 5);
  };
  const gradient = ops.matMul(ops.transpose(x), dy);

  it('are one node for the gradient of a kernel, its update and the sums for a bias', async () => {
    const sums = ops.reduceSum(dy, { axes: [0] });
    const made = passed({ next: ops.sub(w, ops.mul(gradient, rate)), bias: sums });
    expect(opsOf(made[1])).toEqual(['ProductProgram']);
    await expectSame(made);
  });

  it('are one node with the activation and the mask of its slope', async () => {
    const y = ops.relu(ops.matMul(x, w));
    const made = passed({ y, mask: ops.cast(ops.greater(y, 0), 'float32') });
    expect(opsOf(made[1])).toEqual(['ProductProgram']);
    await expectSame(made);
  });

  it('stay products where somebody else reads them, or where the program makes more of them', async () => {
    const read = passed({ next: ops.sub(w, ops.mul(gradient, rate)), gradient });
    expect(opsOf(read[1])).toEqual(['MatrixProduct', 'Elementwise']);
    await expectSame(read);
    const more = passed({ y: ops.mul(ops.matMul(x, w), graphInput('stack', [2, 6, 16])) });
    expect(opsOf(more[1])).toEqual(['MatrixProduct', 'Mul']);
  });

  it('do not wait for what waits for them', async () => {
    const sums = ops.reduceSum(dy, { axes: [0] });
    const clipped = passed({ next: ops.sub(w, ops.mul(gradient, ops.mul(sums, 0.5))), bias: sums });
    expect(opsOf(clipped[1])).not.toContain('ProductProgram');
    await expectSame(clipped);
    const first = ops.matMul(ops.transpose(ops.mul(x, ops.reduceSum(ops.reduceSum(dy, { axes: [0] }), { axes: [0] }))), dy);
    await expectSame(passed({ first, sums }));
  });
});

describe('GELU', () => {
  const made = (build: (x: Value) => Readonly<Record<string, Value>>, runs: (kernels: boolean) => boolean): string[] => {
    const x = graphInput('x', ['batch', 8]);
    const graph = { name: 'net', inputs: [x], outputs: build(x) };
    return opsOf(sharedGelu(graph, ({ op }) => op.domain === '' || runs(true)));
  };
  const withSlope = (x: Value): Record<string, Value> => ({ y: ops.gelu(x), slope: ops.normalCumulative(x) });

  it("shares the normal distribution with its slope, and stays the engine's where there is no slope, or no kernel", () => {
    expect(made(withSlope, () => true)).toEqual(['NormalCumulative', 'Mul']);
    expect(made(withSlope, () => false)).toEqual(['Gelu', 'NormalCumulative']);
    expect(
      made(
        (x) => ({ y: ops.gelu(x) }),
        () => true,
      ),
    ).toEqual(['Gelu']);
    expect(
      made(
        (x) => ({ y: ops.gelu(x), other: ops.normalCumulative(ops.neg(x)) }), // calculated once more for the way back
        () => true,
      ),
    ).not.toContain('Gelu');
    expect(
      made(
        (x) => ({ y: ops.gelu(x, { approximate: 'tanh' }), z: ops.normalCumulative(x) }),
        () => true,
      ),
    ).toContain('Gelu');
  });

  it('has the same values and gradients shared as apart', async () => {
    const x = graphInput('x', ['batch', 37]);
    const y = ops.gelu(x);
    const graph = { name: 'net', inputs: [x], outputs: { y, dx: core.grad(ops.reduceSum(ops.mul(y, y)), [x])[0]! } };
    const given = { x: drawn('x', [5, 37], [-6, 6]) };
    const executor = await core.createExecutor({ threads: 1 });
    const runs = executor.runs ?? (({ op }) => op.domain === '');
    const results = await Promise.all(
      [graph, fuseElementwise(sharedGelu(graph, runs), runs)].map(async (one, i) => {
        const program = await executor.compile(core.exportGraph(one, { runs: i === 0 ? ({ op }) => op.domain === '' : runs }));
        return await program.run(given);
      }),
    );
    for (const [name, { data }] of Object.entries(results[0]!))
      for (const [i, v] of (data as Float32Array).entries()) expect(results[1]![name]!.data[i], name).toBeCloseTo(v, 5);
  });
});

describe('max pools', () => {
  /** The ops that are left of what `build` makes of images and of a gradient. */
  const typesOf = (build: (x: Value, dy: Value) => Record<string, Value>): string[] => {
    const [x, dy] = [graphInput('x', ['batch', 3, 8, 8]), graphInput('dy', ['batch', 3, 4, 4])];
    const graph = { name: 'net', inputs: [x, dy], outputs: build(x, dy) };
    const made = planePools(graph, () => true);
    return toposort(Object.values(made.outputs)).map(({ op, attrs }) => (attrs['rectified'] ? `${op.type}, rectified` : op.type));
  };
  const two = { kernelShape: [2, 2], strides: [2, 2] };
  const back = (x: Value, dy: Value): Value =>
    ops.maxPoolGradientOp(
      { x, dy },
      { tall: 2, wide: 2, down: 2, across: 2, apart_down: 1, apart_across: 1, top: 0, left: 0, bottom: 0, right: 0 },
    ).dx;
  const masked = (y: Value, dy: Value): Value => ops.mul(dy, ops.cast(ops.greater(y, 0), 'float32'));

  it('take the ReLU after them, and the gradient its own', () => {
    expect(typesOf((x) => ({ y: ops.maxPool(x, two) }))).toEqual(['PlaneMaxPool']);
    const both = (x: Value, dy: Value) => {
      const y = ops.relu(ops.maxPool(x, two));
      return { y, dx: back(x, masked(y, dy)) };
    };
    expect(typesOf(both)).toEqual(['PlaneMaxPool, rectified', 'MaxPoolGradient, rectified']);
  });

  it('leave what only looks like it', () => {
    const elsewhere = (x: Value, dy: Value) => {
      const y = ops.relu(ops.maxPool(x, two));
      return { y, dx: back(ops.neg(x), masked(y, dy)) };
    };
    expect(typesOf(elsewhere)).toContain('MaxPoolGradient');
    const overlapping = (x: Value, dy: Value) => {
      const y = ops.relu(
        ops.maxPool(x, {
          ...two,
          kernelShape: [3, 3],
          pads: [
            [1, 0],
            [1, 0],
          ],
        }),
      );
      return { y, dx: back(x, masked(y, dy)) };
    };
    expect(typesOf(overlapping)).toContain('MaxPoolGradient');
    const other = (x: Value, dy: Value) => {
      const y = ops.relu(ops.maxPool(x, two));
      return { y, dx: back(x, ops.mul(dy, ops.cast(ops.greater(y, 1), 'float32'))) };
    };
    expect(typesOf(other)).toContain('MaxPoolGradient');
    const twice = (x: Value) => {
      const pooled = ops.maxPool(x, two);
      return { y: ops.relu(pooled), pooled };
    };
    expect(typesOf(twice)).toEqual(['PlaneMaxPool', 'Relu']);
    expect(typesOf((x) => ({ i: ops.maxPoolWithIndices(x, two).indices }))).toEqual(['MaxPool']);
    expect(typesOf((x) => ({ y: ops.maxPool(ops.reshape(x, [-1, 3, 64]), { kernelShape: [2] }) }))).toEqual([
      'Reshape',
      'MaxPool',
    ]);
  });
});

describe('convolutions that are pooled', () => {
  const passes = [planeConvolutions, planePools, pooledConvolutions];
  const typesOf = (build: (x: Value, w: Value) => Record<string, Value>, size: number | string = 9): string[] => {
    const [x, w] = [graphInput('x', ['batch', 3, size, 8]), graphInput('w', [16, 3, 3, 3])];
    const graph = simplify({ name: 'net', inputs: [x, w], outputs: build(x, w) });
    const made = passes.reduce((form, pass) => pass(form, () => true), graph);
    return toposort(Object.values(made.outputs)).flatMap(({ op }) => (op.domain === '' ? [] : [op.type]));
  };
  const pooled = (y: Value, kernel = 2): Value => ops.maxPool(y, { kernelShape: [kernel, kernel], strides: [2, 2] });
  const trained = (y: Value, w: Value): Record<string, Value> => ({ y, dw: grad(ops.reduceSum(ops.mul(y, y)), [w])[0]! });

  it('become one with the pool and what makes it 0 below, and so does the gradient', () => {
    const one = ['PooledConvolution', 'PooledGradient', 'ConvKernelGradient'];
    expect(typesOf((x, w) => trained(ops.relu(pooled(ops.conv(x, w))), w))).toEqual(one);
    expect(typesOf((x, w) => trained(pooled(ops.conv(x, w)), w))).toEqual(one);
    expect(typesOf((x, w) => ({ y: pooled(ops.conv(x, w)) }))).toEqual(['PooledConvolution']);
  });

  it('stay where something else reads their results, windows are others, or sizes are known only at run time', () => {
    const shown = (x: Value, w: Value) => {
      const whole = ops.conv(x, w);
      return { whole, y: pooled(whole) };
    };
    expect(typesOf(shown)).toEqual(['PlaneConvolution', 'PlaneMaxPool']);
    expect(typesOf((x, w) => ({ y: pooled(ops.conv(x, w), 3) }))).toEqual(['PlaneConvolution', 'PlaneMaxPool']);
    expect(typesOf((x, w) => ({ y: pooled(ops.conv(x, w)) }), 'height')).toEqual(['PlaneConvolution', 'PlaneMaxPool']);
    expect(typesOf((x, w) => ({ y: ops.neg(ops.conv(x, w)) }))).toEqual(['PlaneConvolution']);
  });
});
