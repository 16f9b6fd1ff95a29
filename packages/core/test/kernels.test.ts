import { describe, expect, it } from 'vitest';
import { StratusError } from '../src/errors.ts';
import { apply, type Graph, graphInput, type Op, ownDomain, type Value } from '../src/graph/index.ts';
import { exportGraph } from '../src/onnx/index.ts';
import * as ops from '../src/ops/index.ts';
import { planeWindows } from '../src/ops/plane-windows.ts';
import { createExecutor } from '../src/runtime/node/index.ts';
import { type DType, randomKey, Tensor, uniformAt } from '../src/tensor/index.ts';
import { emitters } from './support/op-rows.ts';

const own = emitters.flatMap(([, op]) => (op.domain === ownDomain ? [op] : []));
const names = ['base', 'avx2', 'avx512'] as const;
const executors = await Promise.all(names.map((kernels) => createExecutor({ driver: 'capi', threads: 2, kernels })));
const oneThread = await createExecutor({ driver: 'capi', threads: 1, kernels: names.at(-1)! });

const filled = (shape: readonly number[], seed: number): Tensor => {
  const size = shape.reduce((n, d) => n * d, 1);
  return new Tensor(
    'float32',
    [...shape],
    Float32Array.from({ length: size }, (_, i) => 2 * uniformAt(randomKey(seed), i) - 1),
  );
};

async function run(graph: Graph, feeds: Record<string, Tensor>, executor: (typeof executors)[number], runs = executor.runs) {
  const program = await executor.compile(exportGraph(graph, { runs }));
  try {
    return await program.run(feeds);
  } finally {
    await program.release();
  }
}

/** The op as its file declares it, but any shapes are inferred: what a hostile file may hold. */
const unchecked = (op: Op, outputs: number): Op => ({
  ...op,
  infer: () => Array.from({ length: outputs }, () => ({ dtype: 'float32' as DType, shape: ['a'] })),
});

/** The largest difference of any output between a kernel and what its op is in others, as a share of the largest number, if that is above 1. */
async function difference(graph: Graph, feeds: Record<string, Tensor>, executor: (typeof executors)[number]): Promise<number> {
  const [kernel, others] = [
    await run(graph, feeds, executor),
    await run(graph, feeds, executor, ({ op }) => op.domain !== ownDomain),
  ];
  return Math.max(
    ...Object.entries(others).map(([name, { data, shape }]) => {
      expect(kernel[name]!.shape).toEqual(shape);
      const [a, b] = [kernel[name]!.data as Float32Array, data as Float32Array];
      const size = b.reduce((most, x) => Math.max(most, Math.abs(x)), 1);
      return a.reduce((most, x, i) => Math.max(most, Math.abs(x - b[i]!) / size), 0);
    }),
  );
}

describe.each(names.map((name, i) => [name, executors[i]!] as const))('kernels for %s', (_, executor) => {
  it('are there for every op of our own', () => {
    const sample = (op: Op): Value => ({ dtype: 'float32', shape: [], index: 0, name: op.type });
    for (const op of own) {
      const node = { op, ins: [sample(op), sample(op)], attrs: { tall: 1, wide: 1, apart_across: 1 }, outs: [], path: '' };
      expect(executor.runs!(node), op.type).toBe(true);
    }
  });

  // [batch, in, height, width], [out, tall, wide], [down, across], [apart, apart], [top, left, bottom, right]
  it.each([
    [
      [1, 1, 1, 1],
      [1, 1, 2],
      [1, 1],
      [1, 1],
      [0, 0, 0, 1],
    ],
    [
      [2, 3, 7, 5],
      [4, 3, 3],
      [1, 1],
      [1, 1],
      [1, 1, 1, 1],
    ],
    [
      [3, 5, 17, 33],
      [9, 2, 3],
      [2, 1],
      [1, 2],
      [0, 2, 1, 0],
    ],
    [
      [2, 7, 30, 30],
      [17, 5, 5],
      [3, 2],
      [2, 1],
      [4, 0, 0, 3],
    ],
    [
      [9, 2, 40, 40],
      [8, 3, 3],
      [1, 1],
      [1, 1],
      [0, 0, 0, 0],
    ],
    [
      [1, 30, 9, 70],
      [31, 1, 7],
      [1, 3],
      [1, 1],
      [0, 3, 0, 3],
    ],
  ])('convolve %j with %j, strides %j, dilations %j, margins %j, and back', async (image, kernel, strides, dilations, pads) => {
    const [, channels] = image as [number, number];
    const shapes = { x: image, w: [kernel[0]!, channels, ...kernel.slice(1)] };
    const [x, w] = [graphInput('x', shapes.x), graphInput('w', shapes.w)];
    const along = (i: 0 | 1) => ({
      kernel: kernel[i + 1]!,
      stride: strides[i]!,
      dilation: dilations[i]!,
      before: pads[i]!,
      after: pads[i + 2]!,
    });
    const windows = planeWindows([along(0), along(1)])!;
    const y = ops.planeConvolution(x, w, undefined, windows);
    const { dw, db } = ops.convKernelGradientOp({ x, dy: y }, windows);
    const feeds = { x: filled(shapes.x, 1), w: filled(shapes.w, 2) };
    for (const outputs of [{ y, dw, db }, { dw }])
      expect(await difference({ name: 'conv', inputs: [x, w], outputs }, feeds, executor)).toBeLessThan(1e-5); // sums of up to some thousand products
  });

  // images, channels of the result, margins [top, left, bottom, right]: sizes for which results are made in tiles of two by two
  it.each([
    [[2, 48, 12, 13], 50, [1, 1, 1, 1]],
    [[3, 51, 9, 37], 49, [0, 2, 1, 0]],
    [[5, 64, 7, 7], 130, [1, 1, 1, 1]],
    [[1, 170, 16, 16], 64, [1, 1, 1, 1]],
    [[1, 49, 6, 140], 65, [2, 0, 0, 1]],
    [[40, 50, 4, 4], 97, [1, 1, 1, 1]],
  ] as const)('convolve %j with %d windows of three by three, margins %j, and back', async (image, out, pads) => {
    const shapes = { x: image, w: [out, image[1], 3, 3], b: [out] };
    const [x, w, b] = [graphInput('x', shapes.x), graphInput('w', shapes.w), graphInput('b', shapes.b)];
    const along = (before: number, after: number) => ({ kernel: 3, stride: 1, dilation: 1, before, after });
    const windows = planeWindows([along(pads[0], pads[2]), along(pads[1], pads[3])])!;
    const back = planeWindows([along(2 - pads[0], 2 - pads[2]), along(2 - pads[1], 2 - pads[3])])!;
    const y = ops.planeConvolution(x, w, b, windows);
    const dx = ops.planeConvolution(y, w, undefined, { ...back, turned: 1 });
    const { dw, db } = ops.convKernelGradientOp({ x, dy: y }, windows);
    const feeds = { x: filled(shapes.x, 1), w: filled(shapes.w, 2), b: filled(shapes.b, 3) };
    const graph = { name: 'tiles', inputs: [x, w, b], outputs: { y, dx, dw, db } };
    expect(await difference(graph, feeds, executor)).toBeLessThan(1e-5);
    const [two, one] = [await run(graph, feeds, executor), await run(graph, feeds, oneThread)];
    if (executor === executors.at(-1)) expect(two).toEqual(one); // threads change nothing
  });

  // images, kernels [out, tall, wide], strides, margins [top, left, bottom, right]
  it.each([
    [
      [2, 3, 12, 11],
      [5, 3, 3],
      [1, 1],
      [0, 0, 0, 0],
    ],
    [
      [3, 2, 32, 32],
      [32, 3, 3],
      [1, 1],
      [0, 0, 0, 0],
    ],
    [
      [2, 5, 15, 15],
      [64, 3, 3],
      [1, 1],
      [0, 0, 0, 0],
    ],
    [
      [2, 4, 9, 13],
      [70, 3, 2],
      [1, 1],
      [1, 0, 1, 1],
    ],
    [
      [1, 3, 7, 150],
      [17, 2, 3],
      [1, 1],
      [0, 1, 0, 1],
    ],
    [
      [2, 3, 20, 21],
      [16, 5, 5],
      [2, 3],
      [2, 2, 2, 2],
    ],
    [
      [1, 2, 4, 300],
      [9, 3, 3],
      [1, 1],
      [1, 1, 1, 1],
    ],
    [
      [2, 2, 3, 3],
      [4, 3, 3],
      [1, 1],
      [0, 0, 0, 0],
    ],
  ])(
    'convolve %j with %j, strides %j, margins %j, and pool two by two, rectified or not, and back',
    async (image, kernel, strides, pads) => {
      const [, channels] = image as [number, number];
      const shapes = { x: image, w: [kernel[0]!, channels, ...kernel.slice(1)], b: [kernel[0]!] };
      const [x, w, b] = [graphInput('x', shapes.x), graphInput('w', shapes.w), graphInput('b', shapes.b)];
      const along = (i: 0 | 1) => ({
        kernel: kernel[i + 1]!,
        stride: strides[i]!,
        dilation: 1,
        before: pads[i]!,
        after: pads[i + 2]!,
      });
      const windows = planeWindows([along(0), along(1)])!;
      const [, , height, width] = ops.planeConvolution(x, w, b, windows).shape as readonly number[];
      const feeds = { x: filled(shapes.x, 1), w: filled(shapes.w, 2), b: filled(shapes.b, 3) };
      for (const rectified of [0, 1]) {
        const { y, which } = ops.pooledConvolution(x, w, b, { ...windows, rectified });
        const { dx } = ops.pooledGradientOp({ dy: ops.add(y, 1), which }, { height, width });
        for (const outputs of [{ y, which, dx }, { y }])
          expect(await difference({ name: 'pooled', inputs: [x, w, b], outputs }, feeds, executor)).toBeLessThan(1e-5);
      }
    },
  );

  // images, windows, strides, dilations, margins [top, left, bottom, right], whether the last window may hang over
  it.each([
    [[2, 3, 8, 6], [2, 2], [2, 2], [1, 1], [0, 0, 0, 0], 0],
    [[1, 2, 9, 7], [2, 2], [2, 2], [1, 1], [0, 0, 0, 0], 0],
    [[1, 3, 6, 30], [2, 2], [2, 2], [1, 1], [0, 0, 0, 0], 0],
    [[2, 1, 5, 71], [2, 2], [2, 2], [1, 1], [0, 0, 0, 0], 0],
    [[1, 2, 5, 7], [2, 2], [2, 2], [1, 1], [0, 0, 0, 0], 1],
    [[2, 2, 9, 7], [3, 2], [2, 1], [1, 1], [1, 0, 1, 1], 0],
    [[2, 3, 21, 43], [3, 3], [2, 2], [1, 1], [1, 1, 1, 1], 0],
    [[1, 2, 11, 40], [3, 5], [1, 1], [1, 1], [0, 2, 1, 2], 0],
    [[1, 2, 17, 50], [2, 3], [3, 3], [2, 2], [0, 0, 0, 0], 1],
    [[1, 1, 2, 2500], [1, 3], [1, 2], [1, 3], [0, 1, 0, 2], 0],
  ] as const)(
    'pool %j, windows %j, strides %j, dilations %j, margins %j, hanging over %j, rectified or not, and back',
    async (shape, kernelShape, strides, dilations, pads, hangs) => {
      const x = graphInput('x', [...shape]);
      const along = (i: 0 | 1) => ({
        kernel: kernelShape[i],
        stride: strides[i],
        dilation: dilations[i],
        before: pads[i]!,
        after: pads[i + 2]!,
      });
      const windows = { ...planeWindows([along(0), along(1)])!, ceil_mode: hangs };
      for (const rectified of [0, 1]) {
        const y = ops.planeMaxPool(x, { ...windows, rectified });
        const dy = ops.add(y, 1); // not 0 where the pool's result is
        const { dx } = ops.maxPoolGradientOp({ x, dy }, { ...windows, rectified });
        for (const seed of [3, 4])
          expect(await difference({ name: 'pool', inputs: [x], outputs: { y, dx } }, { x: filled(shape, seed) }, executor)).toBe(
            0,
          );
      }
    },
  );

  it.each([
    [4, 6],
    [6, 34],
    [7, 20],
  ])('keep what is no number when %i x %i is pooled, as activations do', async (height, width) => {
    const x = graphInput('x', [1, 1, height, width]);
    const size = height * width;
    for (const [kernel, stride] of [
      [2, 2],
      [3, 1],
    ] as const)
      for (let at = 0; at < size; at += 5) {
        const along = { kernel, stride, dilation: 1, before: 0, after: 0 };
        const y = ops.planeMaxPool(x, { ...planeWindows([along, along])!, ceil_mode: 0, rectified: 1 });
        const image = Float32Array.from({ length: size }, (_, i) => (i === at ? Number.NaN : -i));
        const { y: pooled } = await run(
          { name: 'pool', inputs: [x], outputs: { y } },
          { x: new Tensor('float32', [1, 1, height, width], image) },
          executor,
        );
        const sees = (i: number): boolean => {
          const [columns, row, column] = [y.shape[3] as number, Math.floor(at / width), at % width];
          const [top, left] = [Math.floor(i / columns) * stride, (i % columns) * stride];
          return row >= top && row < top + kernel && column >= left && column < left + kernel;
        };
        expect([...(pooled!.data as Float32Array)]).toEqual(
          Array.from({ length: pooled!.data.length }, (_, i) => (sees(i) ? Number.NaN : 0)),
        );
      }
  });

  it.each([
    [1, 1, 1, 1],
    [3, 5, 2, 7],
    [2, 16, 3, 16],
    [5, 17, 4, 33],
    [2, 130, 20, 100],
  ])('go over %i steps of %i rows, %i features, %i units', async (steps, batch, features, units) => {
    const shapes = {
      x: [steps, batch, features],
      w: [features, 4 * units],
      r: [units, 4 * units],
      h0: [batch, units],
      c0: [batch, units],
      b: [4 * units],
    };
    const inputs = Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, graphInput(name, shape)]));
    const { x, w, r, h0, c0, b } = inputs as Record<keyof typeof shapes, Value>;
    const feeds = Object.fromEntries(Object.entries(shapes).map(([name, shape], i) => [name, filled(shape, i)]));
    for (const reverse of [0, 1]) {
      const all = ops.lstmStepsOp({ x, w, r, h0, c0, b }, { reverse });
      const back = ops.lstmStepsGradientOp(
        { r, gates: all.gates, c: all.c, c0, dh: all.h, dlastH: all.lastC, dlastC: all.lastH },
        { reverse },
      );
      const everything = { ...all, ...back };
      for (const outputs of [everything, { dh0: back.dh0 }, { lastC: all.lastC }])
        expect(await difference({ name: 'lstm', inputs: Object.values(inputs), outputs }, feeds, executor)).toBeLessThan(5e-5);
    }
  });

  it.each([
    [1, 1, 1],
    [5, 7, 12],
    [70, 200, 65],
    [200, 3, 130],
    [49, 500, 33],
    [400, 193, 17],
    [3, 0, 20],
    [1, 2048, 1],
    [23, 2500, 129],
    [17, 8200, 20],
  ])('multiply %i x %i by columns %i, either side as it lies and turned over', async (rows, inner, columns) => {
    for (const left of [false, true])
      for (const right of [false, true]) {
        const shapes = { a: left ? [inner, rows] : [rows, inner], b: right ? [columns, inner] : [inner, columns], c: [columns] };
        const [a, b, c] = [graphInput('a', shapes.a), graphInput('b', shapes.b), graphInput('c', shapes.c)];
        const d = graphInput('d', [rows, columns]);
        const outputs = {
          plain: ops.matrixProduct({ a, b }, { left, right }),
          biased: ops.matrixProduct({ a, b, c }, { left, right }),
          added: ops.matrixProduct({ a, b, c: d }, { left, right }),
          sums: ops.matrixProductOp({ a, b }, { turned_left: Number(left), turned_right: Number(right) }).sums,
        };
        const feeds = { a: filled(shapes.a, 1), b: filled(shapes.b, 2), c: filled(shapes.c, 3), d: filled([rows, columns], 4) };
        expect(await difference({ name: 'product', inputs: [a, b, c, d], outputs }, feeds, executor)).toBeLessThan(1e-5);

        const [column, number] = [graphInput('column', [rows, 1]), graphInput('number', [])];
        const made = (sums: boolean): readonly Value[] =>
          ops.productProgram(
            { a, b, others: [c, d, column, number] },
            [
              { kind: 'add', to: 7, from: [0, 1] },
              { kind: 'mul', to: 5, from: [7, 2] },
              { kind: 'sub', to: 6, from: [5, 3] },
              { kind: 'max', to: 6, from: [6, 4] },
            ],
            { left, right, outputs: 2, sums },
          );
        for (const values of [made(false), made(true)]) {
          const graph = {
            name: 'program',
            inputs: [a, b, c, d, column, number],
            outputs: Object.fromEntries(values.map((v, i) => [`y${i}`, v])),
          };
          const all = { ...feeds, column: filled([rows, 1], 5), number: filled([], 6) };
          expect(await difference(graph, all, executor)).toBeLessThan(1e-5);
        }
      }
  });

  // batch, queries, keys, heads, groups, width, width of values, bias
  it.each([
    [1, 1, 1, 1, 1, 1, 1, undefined],
    [2, 64, 64, 3, 3, 32, 32, [64, 64]],
    [3, 65, 70, 4, 2, 5, 7, undefined],
    [2, 7, 33, 6, 2, 16, 80, [2, 1, 1, 33]],
    [1, 130, 130, 2, 1, 24, 16, [130, 130]],
    [2, 5, 300, 2, 2, 20, 33, [1, 1, 5, 300]],
    [2, 3, 16, 2, 2, 4, 4, [1, 16]],
    [1, 3, 0, 2, 2, 4, 4, undefined],
    [0, 3, 4, 2, 1, 4, 4, undefined],
  ] as const)(
    'attend from %i x %i to %i, %i heads on %i, widths %i and %i, bias %j, and back',
    async (batch, queries, keys, heads, groups, width, wide, biasShape) => {
      const shapes = {
        q: [batch, queries, heads, width],
        k: [batch, keys, groups, width],
        v: [batch, keys, groups, wide],
        dy: [batch, queries, heads, wide],
        ...(biasShape && { bias: [...biasShape] }),
      };
      const inputs = Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, graphInput(name, shape)]));
      const { q, k, v, dy, bias } = inputs as Record<'q' | 'k' | 'v' | 'dy', Value> & { readonly bias?: Value };
      const feeds = Object.fromEntries(Object.entries(shapes).map(([name, shape], i) => [name, filled(shape, i)]));
      const forward = ops.attentionOp({ q, k, v, bias }, { scale: 0.7 });
      const back = ops.attentionGradientOp({ q, k, v, ...forward, dy }, { scale: 0.7 });
      const everything = { ...forward, ...back };
      const of = (outputs: Readonly<Record<string, Value>>): Graph => ({ name: 'heads', inputs: Object.values(inputs), outputs });
      for (const outputs of [everything, { y: forward.y }, { dk: back.dk }])
        expect(await difference(of(outputs), feeds, executor)).toBeLessThan(2e-5);
      if (!feeds['bias']) return;
      // What is hidden: all behind the own place, all behind the middle, all of some rows.
      const rows = biasShape!.at(-2)!;
      for (const hides of [(r: number, c: number) => c > r, (_: number, c: number) => 2 * c > keys, (r: number) => r % 3 === 1]) {
        const data = feeds['bias'].data as Float32Array;
        const hidden = data.map((x, i) => (hides(Math.floor(i / keys) % rows, i % keys) ? -1e9 : x));
        const masked = { ...feeds, bias: new Tensor('float32', feeds['bias'].shape, hidden) };
        expect(await difference(of(everything), masked, executor)).toBeLessThan(2e-5);
      }
    },
  );

  it('refuse what does not fit, in a sentence, instead of reading beyond it', async () => {
    const shapes = [[2, 3], [2, 3, 4, 5], [7], [], [1, 1, 1, 1, 1], [0, 3, 4, 5], [2, 2, 4, 5]];
    const kinds = [
      { op: ops.convKernelGradientOp.op, ins: 2, outs: 2 },
      { op: ops.planeMaxPoolOp.op, ins: 1, outs: 1 },
      { op: ops.pooledConvolutionOp.op, ins: 3, outs: 1 },
      { op: ops.maxPoolGradientOp.op, ins: 2, outs: 1 },
      { op: ops.planeConvolutionOp.op, ins: 3, outs: 1 },
      { op: ops.matrixProductOp.op, ins: 3, outs: 2 },
      { op: ops.productProgramOp.op, ins: 3, outs: 2 },
      { op: ops.attentionOp.op, ins: 4, outs: 2 },
      { op: ops.attentionGradientOp.op, ins: 6, outs: 3 },
      { op: ops.lstmStepsOp.op, ins: 6, outs: 5 },
      { op: ops.lstmStepsGradientOp.op, ins: 7, outs: 3 },
      { op: ops.gruStepsOp.op, ins: 5, outs: 3 },
      { op: ops.gruStepsGradientOp.op, ins: 6, outs: 3 },
    ];
    const ints = {
      tall: 3,
      wide: 3,
      down: 1,
      across: 1,
      apart_down: 1,
      apart_across: 1,
      top: 0,
      left: 0,
      bottom: 0,
      right: 0,
      turned: 0,
      turned_left: 0,
      turned_right: 0,
      reverse: 0,
      reset_after: 1,
      ceil_mode: 0,
      rectified: 0,
      scale: 1,
      program: '+2010c3000',
      outputs: 1,
      sums: 1,
    };
    let refused = 0;
    for (const { op, ins, outs } of kinds) {
      for (const [i, shape] of shapes.entries()) {
        for (const wrong of [
          {},
          { tall: -1 },
          { wide: 0 },
          { down: 0 },
          { top: -5 },
          { tall: 1_000_000 },
          { apart_down: 2 ** 40 },
          { left: 2 ** 50 },
          { turned: 1 },
          { turned_left: 1 },
          { turned_right: 1 },
        ]) {
          const given = Array.from({ length: ins }, (_, k) => shapes[(i + k * k) % shapes.length]!);
          const inputs = given.map((own, k) => graphInput(`x${k}`, k === 0 ? shape : own));
          const attrs = Object.fromEntries(Object.entries({ ...ints, ...wrong }).filter(([name]) => name in op.attrs));
          const outputs = apply(unchecked(op, outs), inputs, attrs);
          const graph: Graph = { name: 'wrong', inputs, outputs: Object.fromEntries(outputs.map((v, k) => [`y${k}`, v])) };
          const feeds = Object.fromEntries(inputs.map(({ name, shape: own }, k) => [name!, filled(own as number[], k)]));
          await run(graph, feeds, executor).catch((e: unknown) => {
            expect(e).toBeInstanceOf(StratusError);
            refused++;
          });
        }
      }
    }
    expect(refused).toBeGreaterThan(200);
  });

  it('add rows where they belong, and refuse positions outside of the table', async () => {
    const [at, rows] = [graphInput('at', ['n'], 'int64'), graphInput('rows', ['n', 70])];
    const graph = {
      name: 'rows',
      inputs: [at, rows],
      outputs: { table: ops.addRowsOp({ indices: at, updates: rows }, { rows: 300 }).table },
    };
    const positions = (list: readonly number[]): Tensor => new Tensor('int64', [list.length], BigInt64Array.from(list, BigInt));
    const many = Array.from({ length: 1000 }, (_, i) => ((i * 7919) % 600) - 300);
    expect(await difference(graph, { at: positions(many), rows: filled([1000, 70], 1) }, executor)).toBeLessThan(1e-6);
    for (const wrong of [300, -301, 2 ** 40])
      await expect(run(graph, { at: positions([0, wrong]), rows: filled([2, 70], 1) }, executor)).rejects.toThrow(StratusError);
  });

  it('refuse programs of elementwise ops that name what is not there', async () => {
    const x = graphInput('x', [5]);
    for (const program of ['+10', '+0000', '+zzzz', 'x1000', '\u00ff\u00ff\u00ff\u00ff\u00ff', '+1!00', '+100~']) {
      const outputs = apply(unchecked(ops.elementwiseOp.op, 1), [x], { program, outputs: 1 });
      await expect(
        run({ name: 'wrong', inputs: [x], outputs: { y: outputs[0]! } }, { x: filled([5], 1) }, executor),
        program,
      ).rejects.toThrow(StratusError);
      const square = graphInput('x', [5, 5]);
      const [made] = apply(unchecked(ops.productProgramOp.op, 1), [square, square], {
        turned_left: 0,
        turned_right: 0,
        program,
        outputs: 1,
        sums: 0,
      });
      await expect(
        run({ name: 'wrong', inputs: [square], outputs: { y: made! } }, { x: filled([5, 5], 1) }, executor),
        program,
      ).rejects.toThrow(StratusError);
    }
  });
});
