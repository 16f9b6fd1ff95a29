// What the case tables cannot say: sizes that are known only at run time, sizes of sizes, and errors.
import { describe, expect, it } from 'vitest';
import { grad } from '../src/grad/index.ts';
import { constant, graphInput, type Value } from '../src/graph/index.ts';
import * as ops from '../src/ops/index.ts';
import { type Shape, tensor, zeros } from '../src/tensor/index.ts';
import { openGraph } from './support/run-graph.ts';

const x = graphInput('x', ['batch', 6]);
const along = (start: number, end: number, step = 1): Shape =>
  ops.slice(x, { starts: [start], ends: [end], steps: [step] }).shape;

describe('the length of a slice of an axis known only at run time', () => {
  it.each([
    [0, Infinity, 1, 'batch'],
    [2, Infinity, 1, '(batch - 2)'],
    [0, -1, 1, '(batch - 1)'],
    [1, -1, 1, '(batch - 2)'],
    [-3, Infinity, 1, 3],
    [-3, -1, 1, 2],
    [1, 4, 1, 3],
    [0, Infinity, 2, 'ceil(batch / 2)'],
    [1, 6, 2, 3],
    [-1, -Infinity, -1, 'batch'],
    [-2, -Infinity, -1, '(batch - 1)'],
    [4, 1, -1, 3],
    [-1, 0, -1, '(batch - 1)'],
    [-1, -Infinity, -2, 'ceil(batch / 2)'],
  ])('[%s:%s:%s] is %s', async (start, end, step, length) => {
    expect(along(start, end, step)).toEqual([length, 6]);
    // ONNX Runtime finds the same, with a batch of 9
    const program = await openGraph(
      { name: 'slice', inputs: [x], outputs: { y: ops.slice(x, { starts: [start], ends: [end], steps: [step] }) } },
      'all',
    );
    const { y } = await program.run({ x: tensor(new Float32Array(54), { shape: [9, 6] }) });
    await program.release();
    const known = { batch: 9, '(batch - 1)': 8, '(batch - 2)': 7, 'ceil(batch / 2)': 5 }[String(length)] ?? length;
    expect(y!.shape).toEqual([known, 6]);
  });
});

describe('sizes of sizes', () => {
  const image = graphInput('image', ['batch', 3, 'height', 8]);
  const sizes = ops.shapeOf(image);
  it.each<[string, Value, Shape]>([
    ['slice', ops.slice(sizes, { starts: [1], ends: [-1] }), [3, 'height']],
    ['slice backwards', ops.slice(sizes, { starts: [-1], ends: [-Infinity], steps: [-2] }), [8, 3]],
    ['reduceProd', ops.reduceProd(sizes), ['(batch * height * 24)']],
    ['concat', ops.concat([ops.dimsOf(['height'], image), ops.dimsOf([5], image)]), ['height', 5]],
  ])('%s', (_, value, dims) => {
    expect(value.dims).toEqual(dims);
  });

  it('let a range be as long as an axis', () => {
    expect(ops.range(0, ops.dimsOf(['height'], image), 1).shape).toEqual(['height']);
    expect(ops.range(1, ops.dimsOf(['height'], image), 1).shape).toEqual(['(height - 1)']);
  });
});

describe('gradients of sizes known only at run time', () => {
  it('cut a joined value apart, with one such part among others', async () => {
    const parts = [graphInput('a', [2, 2]), graphInput('b', ['time', 2]), graphInput('c', [1, 2]), graphInput('d', [3, 2])];
    const y = ops.concat(parts);
    const weights = graphInput('w', y.shape);
    const outputs = Object.fromEntries(grad(ops.reduceSum(ops.mul(y, weights)), parts).map((g, i) => [`g${i}`, g]));
    const program = await openGraph({ name: 'parts', inputs: [...parts, weights], outputs }, 'all');
    const zeros = (rows: number) => tensor(new Float32Array(rows * 2), { shape: [rows, 2] });
    const w = tensor(
      Float32Array.from({ length: 20 }, (_, i) => i),
      { shape: [10, 2] },
    );
    const { g0, g1, g2, g3 } = await program.run({ a: zeros(2), b: zeros(4), c: zeros(1), d: zeros(3), w });
    await program.release();
    expect([g0, g1, g2, g3].map((g) => g!.toArray())).toEqual([
      [
        [0, 1],
        [2, 3],
      ],
      [
        [4, 5],
        [6, 7],
        [8, 9],
        [10, 11],
      ],
      [[12, 13]],
      [
        [14, 15],
        [16, 17],
        [18, 19],
      ],
    ]);
    const two = ops.concat([graphInput('p', ['time', 2]), graphInput('q', ['more', 2])]);
    expect(() => grad(ops.reduceSum(ops.mul(two, two)), [two.node!.ins[0]!])).toThrow(
      /at most one that is known only at run time/,
    );
  });

  it('divide a mean by the size of the run', async () => {
    const [g] = grad(ops.reduceMean(x), [x]);
    const program = await openGraph({ name: 'mean', inputs: [x], outputs: { g: g! } }, 'all');
    const made = await program.run({ x: tensor(new Float32Array(24), { shape: [4, 6] }) });
    await program.release();
    expect(made['g']!.shape).toEqual([4, 6]);
    expect(made['g']!.data).toEqual(new Float32Array(24).fill(1 / 24));
  });
});

it('gives a vector of length 0 a gradient of 0', async () => {
  const v = graphInput('v', [2, 2]);
  const [g] = grad(ops.reduceSum(ops.reduceL2(v, { axes: [1] })), [v]);
  const program = await openGraph({ name: 'length', inputs: [v], outputs: { g: g! } }, 'all');
  const made = await program.run({ v: tensor([0, 0, 0, 2], { shape: [2, 2] }) });
  await program.release();
  expect(made['g']!.toArray()).toEqual([
    [0, 0],
    [0, 1],
  ]);
});

describe('sizes that turn out to be 1 or 0', () => {
  const run = async (y: Value, input: Value, shape: readonly number[]) => {
    const program = await openGraph({ name: 'sizes', inputs: [input], outputs: { y } }, 'all');
    const made = await program.run({ [input.name!]: zeros(shape) });
    await program.release();
    return made['y']!.shape;
  };
  const v = graphInput('v', ['batch', 1, 3]);
  const w = graphInput('w', ['rows', 'columns']);
  const e = graphInput('e', [2, 0, 3]);
  it.each<[string, Value, Value, number[], number[]]>([
    ['squeeze keeps a batch of 1', ops.squeeze(v), v, [1, 1, 3], [1, 3]],
    ['reshape moves a 0', ops.reshape(e, [0, 6]), e, [2, 0, 3], [0, 6]],
    ['reshape moves a run-time 0', ops.reshape(w, ['columns', 'rows']), w, [2, 0], [0, 2]],
    ['reshapeLike takes a run-time 0', ops.reshapeLike(ops.reshape(w, [-1]), w), w, [3, 0], [3, 0]],
  ])('%s', async (_, y, input, shape, want) => {
    expect(await run(y, input, shape)).toEqual(want);
  });

  it('a gradient has nothing to cut for an empty part', async () => {
    const [x, z] = [graphInput('x', ['n', 3]), graphInput('z', [0, 3])];
    const y = ops.concat([x, z]);
    const [dx, dz] = grad(ops.reduceSum(ops.mul(y, y)), [x, z]);
    const program = await openGraph({ name: 'parts', inputs: [x, z], outputs: { dx: dx!, dz: dz! } }, 'all');
    const made = await program.run({ x: tensor([[1, 2, 3]]), z: zeros([0, 3]) });
    await program.release();
    expect(made['dz']!.shape).toEqual([0, 3]);
    expect(made['dx']!.toArray()).toEqual([[2, 4, 6]]);
  });

  it('a stack times a matrix has a gradient, also where the features are known only at run time', async () => {
    const [a, b] = [graphInput('a', ['batch', 'time', 'features']), graphInput('b', [2, 1])];
    const [db] = grad(ops.reduceSum(ops.matMul(a, b)), [b]);
    const program = await openGraph({ name: 'stack', inputs: [a, b], outputs: { db: db! } }, 'all');
    const made = await program.run({
      a: tensor([
        [
          [1, 2],
          [3, 4],
        ],
      ]),
      b: zeros([2, 1]),
    });
    await program.release();
    expect(made['db']!.toArray()).toEqual([[4], [6]]);
  });
});

describe('what cannot be is refused while the graph is built', () => {
  const m = graphInput('m', [3, 4]);
  const i64 = (values: number[]): Value => constant(tensor(values.map(BigInt)));
  it.each<[string, () => unknown, RegExp]>([
    [
      'a step of 0',
      () => ops.slice(m, { starts: [0], ends: [2], steps: [0] }),
      /Slice: got .*steps \[0\], expected lists of one length, and no step of 0/,
    ],
    ['lists of different length', () => ops.slice(m, { starts: [0, 1], ends: [2] }), /Slice: got starts \[0, 1\], ends \[2\]/],
    [
      'an axis twice',
      () => ops.slice(m, { starts: [0, 1], ends: [2, 2], axes: [0, -2] }),
      /Slice: got axes \[0, -2\], expected every axis at most once/,
    ],
    ['an axis outside', () => ops.slice(m, { starts: [0], ends: [2], axes: [2] }), /Slice: got axis 2 for shape \[3, 4\]/],
    [
      'to mirror more than there is',
      () =>
        ops.pad(
          m,
          [
            [3, 0],
            [0, 0],
          ],
          { mode: 'reflect' },
        ),
      /Pad: got a margin of \[3, 0\] on axis 0 of shape \[3, 4\], expected a margin from 0 to 2/,
    ],
    [
      'to cut off more than there is',
      () =>
        ops.pad(m, [
          [-2, -2],
          [0, 0],
        ]),
      /not to cut off more than there is/,
    ],
    ['a margin for some axes', () => ops.pad(m, [[1, 1]]), /Pad: got 2 pads for 2 axes/],
    [
      'a position that is no list',
      () => ops.oneHot(graphInput('i', [], 'int64'), 3),
      /OneHot: got a single index \[\], expected a list of them/,
    ],
    ['repeats for some axes', () => ops.tile(m, [2]), /Tile: got repeats \[2\] for shape \[3, 4\]/],
    ['constant labels outside', () => ops.oneHot(i64([0, 4]), 4), /OneHot: got the index 4, expected indices from 0 to 3/],
    ['more than there are', () => ops.topK(m, 5), /TopK: got k = 5 for axis 1 of shape \[3, 4\]/],
    [
      'an axis outside, to reduce',
      () => ops.reduceMax(m, { axes: [2] }),
      /ReduceMax: got axis 2 for shape \[3, 4\], expected an axis from -2 to 1/,
    ],
    [
      'the logarithm of integers',
      () => ops.reduceLogSumExp(graphInput('i', [3], 'int64')),
      /ReduceLogSumExp: got int64, expected a float dtype/,
    ],
    ['an axis outside, to sum along', () => ops.cumSum(m, { axis: 2 }), /CumSum: got axis 2/],
    ['the triangle of a list', () => ops.trilu(graphInput('v', [3])), /Trilu: got \[3\], expected a matrix/],
    ['a range of unknown length', () => ops.range(0, graphInput('n', [], 'int64'), 1), /Range: got a limit computed at run time/],
    ['a range that stands still', () => ops.range(0, 3, 0), /Range: got a delta of 0/],
    [
      'indices and updates of different shapes',
      () => ops.scatterAdd(m, graphInput('i', [2, 4], 'int64'), m),
      /ScatterElements: got data \[3, 4\], indices \[2, 4\], updates \[3, 4\]/,
    ],
    [
      'updates of another dtype',
      () => ops.scatterAdd(m, i64([0]), graphInput('u', [1], 'float64')),
      /ScatterElements: got float32 and float64/,
    ],
    ['indices of another rank', () => ops.gatherElements(m, i64([0])), /GatherElements: got data \[3, 4\] and indices \[1\]/],
    ['the position on an axis outside', () => ops.argMax(m, { axis: -3 }), /ArgMax: got axis -3/],
    ['another number of elements', () => ops.reshape(x, ['batch', 7]), /Reshape: got \[batch, 6\] to \[batch, 7\]/],
    ['what does not divide', () => ops.reshape(x, [-1, 5]), /Reshape: got \[batch, 6\] to \[-1, 5\]/],
    ['a part of negative size', () => ops.split(m, [-1, 4]), /Split: got a result of shape \[-1, 4\], expected sizes from 0/],
    ['half a position', () => ops.slice(m, { starts: [0.5], ends: [2] }), /got \[0.5\], expected whole numbers/],
    ['a size that a shape has not', () => ops.gather(ops.shapeOf(m), i64([2])), /Gather: got the index 2 for shape \[2\]/],
  ])('%s', (_, build, message) => {
    expect(build).toThrow(message);
  });
});
