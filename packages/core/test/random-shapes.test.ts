// Gradients of orders 1 and 2 for shapes, axes and options that nobody chose: the ops whose inputs must fit each other.
// Those that take any shape, or any two that broadcast, are drawn in ops.test.ts.
import fc, { type GeneratorValue } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { constant, type Op, ownDomain, toposort, type Value } from '../src/graph/index.ts';
import * as ops from '../src/ops/index.ts';
import { type DType, type Shape, tensor } from '../src/tensor/index.ts';
import { buildRow } from './support/build-row.ts';
import { problemsOf } from './support/check-row.ts';
import { caseTables, draw, emitters, type Row, rowOf, rows } from './support/op-rows.ts';
import { broadcastShapes } from './support/random-shapes.ts';

type OpCase = ops.OpCase;
type Drawn = Pick<OpCase, 'ins' | 'build' | 'domain'>;

const integer = (g: GeneratorValue, min: number, max: number): number => g(fc.integer, { min, max });
const list = (g: GeneratorValue, least: number, most: number, max = 4): number[] =>
  Array.from({ length: integer(g, least, most) }, () => integer(g, 1, max));
/** An axis, counted from either end. */
const axisOf = (g: GeneratorValue, shape: Shape): number => integer(g, -shape.length, shape.length - 1);
const at = (axis: number, shape: Shape): number => (axis < 0 ? axis + shape.length : axis);
const shuffled = (g: GeneratorValue, n: number): number[] =>
  g(fc.shuffledSubarray<number>, [...Array(n).keys()], { minLength: n, maxLength: n });
const choose = <const T>(g: GeneratorValue, ...of: readonly T[]): T => of[integer(g, 0, of.length - 1)]!;
const whole = (g: GeneratorValue, shape: readonly number[], min: number, max: number): ops.CaseInput => ({
  dtype: 'int64',
  values: nested(shape, () => integer(g, min, max)),
});
type Numbers = number | Numbers[];
const nested = ([size, ...rest]: readonly number[], value: () => number): Numbers =>
  size === undefined ? value() : Array.from({ length: size }, () => nested(rest, value));

/** One input of rank 1 to 4, and an axis of it. */
const alongAxis =
  (build: (x: Value, axis: number) => Value) =>
  (g: GeneratorValue): Drawn => {
    const shape = list(g, 1, 4);
    const axis = axisOf(g, shape);
    return { ins: [shape], build: (x) => build(x, axis) };
  };

/** One to three inputs that broadcast. */
const several =
  (build: (values: readonly Value[]) => Value) =>
  (g: GeneratorValue): Drawn => {
    const [a, b] = g(() => broadcastShapes);
    const shapes = [a, b, choose(g, a, b)].slice(0, integer(g, 1, 3));
    return { ins: shapes, build: (...xs) => build(xs) };
  };

const reduction =
  (
    build: (x: Value, options: { readonly axes?: readonly number[]; readonly keepDims: boolean }) => Value,
    domain?: [number, number],
  ) =>
  (g: GeneratorValue): Drawn => {
    const shape = list(g, 1, 4, 3);
    const axes = shuffled(g, shape.length).slice(0, integer(g, 0, shape.length));
    const keepDims = choose(g, true, false);
    const all = choose(g, true, false, false);
    const options = { keepDims, ...(!all && { axes: axes.map((a) => choose(g, a, a - shape.length)) }) };
    return { ins: [shape], build: (x) => build(x, options), ...(domain && { domain }) };
  };

/** A window for each spatial axis, and an input that it fits into. */
function pooling(g: GeneratorValue): { readonly ins: readonly number[][]; readonly options: Parameters<typeof ops.maxPool>[1] } {
  const rank = integer(g, 1, 3);
  const list = (most: number): number[] => Array.from({ length: rank }, () => integer(g, 1, most));
  const [kernelShape, strides, dilations, more] = [list(3), list(3), list(2), list(4)];
  const pads = kernelShape.map((size) => [integer(g, 0, size - 1), integer(g, 0, size - 1)] as const);
  const size = kernelShape.map((k, i) => (k - 1) * dilations[i]! + more[i]!);
  const options = { kernelShape, strides, ...choose(g, { pads, dilations }, { autoPad: choose(g, 'SAME_UPPER', 'SAME_LOWER') }) };
  return { ins: [[integer(g, 1, 2), integer(g, 1, 2), ...size]], options };
}
/** Kernels and how they move over one to three spatial axes. `width`: channels of the image in one group. */
function convolution(g: GeneratorValue) {
  const rank = integer(g, 1, 3);
  const list = (least: number, most: number): number[] => Array.from({ length: rank }, () => integer(g, least, most));
  const [window, strides, dilations] = [list(1, 3), list(1, 3), list(1, 2)];
  const pads = window.map(() => [integer(g, 0, 1), integer(g, 0, 1)] as const);
  const options = { strides, dilations, pads, group: integer(g, 1, 3) };
  const sizes = { batch: integer(g, 1, 2), width: choose(g, 1, 2, 8), each: integer(g, 1, 2), more: list(0, 2) };
  return { ...sizes, window, options };
}

/** One to three spatial axes. */
const image = (g: GeneratorValue): number[] => [integer(g, 1, 2), integer(g, 1, 2), ...list(g, 1, 3, 2)];

/** A sequence and the weights for it, of one direction or both. */
const recurrent = (g: GeneratorValue, gates: number) => {
  const [steps, batch, features, units] = [integer(g, 1, 3), integer(g, 1, 2), integer(g, 1, 2), integer(g, 1, 2)];
  const direction = choose(g, 'forward', 'reverse', 'bidirectional');
  const ways = direction === 'bidirectional' ? 2 : 1;
  const columns = gates * units;
  const weights = [
    [steps, batch, features],
    [ways, columns, features],
    [ways, columns, units],
    [ways, 2 * columns],
  ];
  return { weights, direction, initial: [[ways, batch, units]] };
};

const table: Readonly<Record<string, (g: GeneratorValue) => Drawn>> = {
  softmax: alongAxis((x, axis) => ops.softmax(x, { axis })),
  logSoftmax: alongAxis((x, axis) => ops.logSoftmax(x, { axis })),
  cumSum(g) {
    const [exclusive, reverse] = [choose(g, true, false), choose(g, true, false)];
    return alongAxis((x, axis) => ops.cumSum(x, { axis, exclusive, reverse }))(g);
  },
  reduceSum: reduction(ops.reduceSum),
  reduceMean: reduction(ops.reduceMean),
  reduceMax: reduction(ops.reduceMax),
  reduceMin: reduction(ops.reduceMin),
  reduceProd: reduction(ops.reduceProd, [0.5, 1.5]),
  reduceSumSquare: reduction(ops.reduceSumSquare),
  reduceL1: reduction(ops.reduceL1, [0.5, 2]),
  reduceL2: reduction(ops.reduceL2, [0.5, 2]),
  reduceLogSumExp: reduction(ops.reduceLogSumExp),
  batchNormalization(g) {
    const [channels, batch] = [integer(g, 1, 3), integer(g, 1, 3)];
    const ins = [[batch, channels, ...list(g, 0, 2, 3)], [channels], [channels], [channels], [channels]];
    const positive = { shape: ins[4]!, domain: [0.5, 2] as const };
    return {
      ins: [...ins.slice(0, 4), positive],
      build: (x, scale, bias, mean, variance) => ops.batchNormalization(x, { scale, bias, mean, variance }),
    };
  },
  instanceNormalization(g) {
    const channels = integer(g, 1, 3);
    const ins = [[integer(g, 1, 3), channels, integer(g, 2, 3), ...list(g, 0, 1, 3)], [channels], [channels]];
    return { ins, build: (x, scale, bias) => ops.instanceNormalization(x, { scale, bias, epsilon: 0.1 }) };
  },
  layerNormalization(g) {
    const shape = [...list(g, 0, 3, 3), integer(g, 2, 4)];
    const axis = axisOf(g, shape);
    const sizes = shape.slice(at(axis, shape));
    const ins = choose(g, [shape, sizes], [shape, sizes, sizes], [shape, [sizes.at(-1)!]]);
    return { ins, build: (x, scale, bias) => ops.layerNormalization(x, { scale, bias, axis, epsilon: 0.1 }) };
  },
  conv(g) {
    const { batch, width, each, more, window, options } = convolution(g);
    const size = window.map((k, i) => (k - 1) * options.dilations[i]! + 1 + more[i]!);
    const [channels, out] = [options.group * width, options.group * each];
    return {
      ins: [[batch, channels, ...size], [out, width, ...window], [out]],
      build: (x, w, bias) => ops.conv(x, w, { ...options, bias }),
    };
  },
  convTranspose(g) {
    const { batch, width, each, more, window, options } = convolution(g);
    const { strides } = options;
    const outputPadding = strides.map((stride) => integer(g, 0, stride - 1));
    const ins = [
      [batch, options.group * each, ...more.map((n) => n + 3)],
      [options.group * each, width, ...window],
      [options.group * width],
    ];
    return { ins, build: (x, w, bias) => ops.convTranspose(x, w, { ...options, bias, outputPadding }) };
  },
  matMul(g) {
    const [a, b] = g(() => broadcastShapes);
    const [m, k, n] = [integer(g, 1, 4), integer(g, 1, 4), integer(g, 1, 4)];
    return {
      ins: [
        [...a.slice(-2), m, k],
        [...b.slice(-2), k, n],
      ],
      build: ops.matMul,
    };
  },
  transpose(g) {
    const shape = list(g, 1, 4);
    const perm = shuffled(g, shape.length);
    return { ins: [shape], build: (x) => ops.transpose(x, perm) };
  },
  reshape(g) {
    const shape = list(g, 1, 4);
    const to = shuffled(g, shape.length).map((i) => shape[i]!);
    const open = integer(g, 0, to.length);
    return {
      ins: [shape],
      build: (x) => ops.reshape(x, [...to.slice(0, open), -1, ...to.slice(open + 1)].slice(0, Math.max(1, to.length))),
    };
  },
  squeeze(g) {
    const shape = list(g, 0, 3);
    const axis = integer(g, 0, shape.length);
    return { ins: [[...shape.slice(0, axis), 1, ...shape.slice(axis)]], build: (x) => ops.squeeze(x, { axes: [axis] }) };
  },
  unsqueeze(g) {
    const shape = list(g, 0, 3);
    const axis = integer(g, -shape.length - 1, shape.length);
    return { ins: [shape], build: (x) => ops.unsqueeze(x, { axes: [axis] }) };
  },
  gemm(g) {
    const [m, k, n] = [integer(g, 1, 4), integer(g, 1, 4), integer(g, 1, 4)];
    const options = {
      transA: choose(g, true, false),
      transB: choose(g, true, false),
      alpha: choose(g, 1, 0.5),
      beta: choose(g, 1, -2),
    };
    const c = choose(g, [m, n], [n], [m, 1], [1, 1], []);
    const ins = [options.transA ? [k, m] : [m, k], options.transB ? [n, k] : [k, n], c];
    return { ins, build: (a, b, c) => ops.gemm(a!, b!, c, options) };
  },
  flatten(g) {
    const shape = list(g, 1, 4, 3);
    const axis = integer(g, -shape.length, shape.length);
    return { ins: [shape], build: (x) => ops.flatten(x, { axis }) };
  },
  sum: several(ops.sum),
  mean: several(ops.mean),
  pRelu(g) {
    const shape = list(g, 1, 3, 3);
    const slope = shape.slice(integer(g, 0, shape.length)).map((size) => choose(g, size, 1));
    // Away from 0, where the slope changes.
    const x = nested(shape, () => choose(g, -1, 1) * g(fc.double, { min: 0.2, max: 2, noNaN: true }));
    return { ins: [{ values: x }, slope], build: ops.pRelu };
  },
  concat(g) {
    const shape = list(g, 1, 4, 3);
    const axis = axisOf(g, shape);
    const ins = list(g, 1, 3).map((size) => shape.with(at(axis, shape), size));
    return { ins, build: (...xs) => ops.concat(xs, { axis }) };
  },
  split(g) {
    const shape = list(g, 1, 4, 3);
    const axis = axisOf(g, shape);
    const sizes = list(g, 1, 3, 3);
    const total = sizes.reduce((p, q) => p + q);
    return { ins: [shape.with(at(axis, shape), total)], build: (x) => ops.split(x, sizes, { axis }) };
  },
  slice(g) {
    const shape = list(g, 1, 4, 5);
    const cuts = shape.map((size) => {
      const [from, to] = [integer(g, 0, size - 1), integer(g, 0, size - 1)];
      const steps = from <= to ? integer(g, 1, 3) : -integer(g, 1, 3);
      // One beyond the first element downwards has no number of its own but a very small one.
      const end = steps > 0 ? to + 1 : to - 1 < 0 ? -1000 : to - 1;
      return { start: choose(g, from, from - size), end, steps };
    });
    const options = {
      starts: cuts.map(({ start }) => start),
      ends: cuts.map(({ end }) => end),
      axes: cuts.map((_, i) => i),
      steps: cuts.map(({ steps }) => steps),
    };
    return { ins: [shape], build: (x) => ops.slice(x, options) };
  },
  pad(g) {
    const shape = list(g, 1, 3);
    const mode = choose(g, 'constant', 'reflect', 'edge');
    const most = (size: number): number => (mode === 'reflect' ? size - 1 : 2);
    const pads = shape.map((size) => [integer(g, 0, most(size)), integer(g, 0, most(size))] as const);
    return { ins: [shape], build: (x) => ops.pad(x, pads, { mode, value: 0.5 }) };
  },
  expand(g) {
    const to = list(g, 1, 4, 3);
    const from = to.slice(integer(g, 0, to.length)).map((size) => choose(g, size, 1));
    return { ins: [from], build: (x) => ops.expand(x, to) };
  },
  tile(g) {
    const shape = list(g, 1, 3, 3);
    const repeats = shape.map(() => integer(g, 1, 3));
    return { ins: [shape], build: (x) => ops.tile(x, repeats) };
  },
  gather(g) {
    const shape = list(g, 1, 3);
    const axis = axisOf(g, shape);
    const size = shape[at(axis, shape)]!;
    return { ins: [shape, whole(g, list(g, 0, 2, 3), -size, size - 1)], build: (x, indices) => ops.gather(x, indices, { axis }) };
  },
  gatherElements(g) {
    const shape = list(g, 1, 3);
    const axis = axisOf(g, shape);
    const size = shape[at(axis, shape)]!;
    const taken = shape.map((most, i) => (i === at(axis, shape) ? integer(g, 1, 4) : integer(g, 1, most)));
    return { ins: [shape, whole(g, taken, -size, size - 1)], build: (x, indices) => ops.gatherElements(x, indices, { axis }) };
  },
  scan(g) {
    const [time, batch, units] = [integer(g, 1, 4), integer(g, 1, 3), integer(g, 1, 3)];
    const [reverse, bias, stacked] = [choose(g, true, false), choose(g, true, false), choose(g, true, false)];
    return {
      ins: [[batch, units], [time, batch, units], [units, units], bias ? [units] : [batch, 1]],
      build(h0, x, u, b) {
        const { states, outputs } = ops.scan({
          states: [h0!],
          inputs: [x!],
          reverse,
          body([h], [now]) {
            const next = ops.tanh(ops.add(ops.add(now!, ops.matMul(h!, u!)), b!));
            return { states: [next], outputs: stacked ? [ops.mul(next, now!)] : [] };
          },
        });
        return [...states, ...outputs];
      },
    };
  },
  scatterAdd(g) {
    const shape = list(g, 1, 3);
    const axis = axisOf(g, shape);
    const size = shape[at(axis, shape)]!;
    const taken = shape.map((most, i) => (i === at(axis, shape) ? integer(g, 1, 6) : integer(g, 1, most)));
    return {
      ins: [shape, whole(g, taken, 0, size - 1), taken],
      build: (data, indices, updates) => ops.scatterAdd(data, indices, updates, { axis }),
    };
  },
  // What users call has constant values; models of other tools need not.
  oneHot(g) {
    const shape = list(g, 1, 3, 3);
    const axis = integer(g, -shape.length - 1, shape.length);
    const depth = integer(g, 1, 4);
    return {
      ins: [whole(g, shape, -depth, depth - 1), [2]],
      build: (indices, values) =>
        ops.oneHotOp({ indices, depth: constant(tensor(depth, { dtype: 'int64' })), values }, { axis }).output,
    };
  },
  topK(g) {
    const shape = list(g, 1, 3, 5);
    const axis = axisOf(g, shape);
    const k = integer(g, 1, shape[at(axis, shape)]!);
    return { ins: [shape], build: (x) => ops.topK(x, k, { axis }).values };
  },
  trilu(g) {
    const shape = list(g, 2, 4);
    const options = { upper: choose(g, true, false), k: integer(g, -3, 3) };
    return { ins: [shape], build: (x) => ops.trilu(x, options) };
  },
  where(g) {
    const [a, b] = g(() => broadcastShapes);
    const condition = choose(g, a, b).map((size) => choose(g, size, 1));
    return { ins: [{ shape: condition, dtype: 'bool' }, a, b], build: ops.where };
  },
  max(g) {
    return { ins: g(() => broadcastShapes), build: ops.max };
  },
  min(g) {
    return { ins: g(() => broadcastShapes), build: ops.min };
  },
  mod(g) {
    // Between two jumps: the quotient stays above 2 and below 3.
    const [a, b] = g(() => broadcastShapes);
    const ins = [
      { shape: a!, domain: [2.1, 2.4] as const },
      { shape: b!, domain: [0.85, 0.99] as const },
    ];
    return { ins, build: ops.mod };
  },
  maxPool(g) {
    const { ins, options } = pooling(g);
    return { ins, build: (x) => ops.maxPool(x, options) };
  },
  maxUnpool(g) {
    const shape = [integer(g, 1, 2), integer(g, 1, 2), integer(g, 2, 4), integer(g, 2, 4)];
    const size = shape.reduce((a, b) => a * b);
    const positions = shuffled(g, size).slice(0, size / shape[2]!);
    const small = shape.with(2, 1);
    const indices = { dtype: 'int64' as const, values: nested(small, () => positions.pop()!) };
    return { ins: [small, indices, shape], build: (x, i, like) => ops.add(ops.maxUnpool(x, i, like), like) };
  },
  averagePool(g) {
    const { ins, options } = pooling(g);
    const countIncludePad = choose(g, true, false);
    return { ins, build: (x) => ops.averagePool(x, { ...options, countIncludePad }) };
  },
  globalAveragePool(g) {
    return { ins: [image(g)], build: (x) => ops.globalAveragePool(x) };
  },
  globalMaxPool(g) {
    return { ins: [image(g)], build: (x) => ops.globalMaxPool(x) };
  },
  resize(g) {
    const shape = list(g, 2, 2, 2).concat(list(g, 2, 2, 5));
    const sizes = list(g, 2, 2, 7);
    const options = {
      mode: choose(g, 'nearest', 'linear', 'cubic'),
      coordinates: choose(g, 'half_pixel', 'asymmetric', 'align_corners'),
      rounding: choose(g, 'round_prefer_floor', 'floor', 'ceil'),
    };
    return { ins: [shape], build: (x) => ops.resize(x, { axes: [2, 3], sizes, ...options }) };
  },
  depthToSpace(g) {
    const [block, [batch, channels, ...size]] = [integer(g, 1, 3), list(g, 4, 4, 2)];
    const mode = choose(g, 'DCR', 'CRD');
    return { ins: [[batch!, channels! * block * block, ...size]], build: (x) => ops.depthToSpace(x, block, { mode }) };
  },
  spaceToDepth(g) {
    const [block, [batch, channels, height, width]] = [integer(g, 1, 3), list(g, 4, 4, 2)];
    return { ins: [[batch!, channels!, height! * block, width! * block]], build: (x) => ops.spaceToDepth(x, block) };
  },
  lstm(g) {
    const { weights, direction, initial } = recurrent(g, 4);
    return {
      ins: [...weights, ...initial, ...initial],
      build: (x, w, r, b, initialH, initialC) => {
        const { y, h, c } = ops.lstm(x!, w!, r!, { b, initialH, initialC, direction });
        return [y, h, c];
      },
    };
  },
  lstmSteps(g) {
    const [steps, batch, features, units] = [integer(g, 1, 3), integer(g, 1, 4), integer(g, 1, 3), integer(g, 1, 4)];
    const reverse = choose(g, true, false);
    return {
      ins: [[steps, batch, features], [features, 4 * units], [units, 4 * units], [batch, units], [batch, units], [4 * units]],
      build: (x, w, r, h0, c0, b) => {
        const { h, lastH, lastC } = ops.lstmSteps(x!, w!, r!, { b, h0: h0!, c0: c0!, reverse });
        return [h, lastH, lastC];
      },
    };
  },
  attention(g) {
    const [batch, queries, keys, width, wide, groups] = list(g, 6, 6, 3) as [number, number, number, number, number, number];
    const heads = groups * integer(g, 1, 3);
    const bias = choose<readonly number[][]>(
      g,
      [],
      [[queries, keys]],
      [[1, keys]],
      [[batch, 1, queries, keys]],
      [[batch, 1, 1, keys]],
    );
    return {
      ins: [[batch, queries, heads, width], [batch, keys, groups, width], [batch, keys, groups, wide], ...bias],
      build: (q, k, v, b) => ops.headAttention(q!, { k: k!, v: v!, bias: b }, { scale: 0.5 }),
    };
  },
  gruSteps(g) {
    const [steps, batch, features, units] = [integer(g, 1, 3), integer(g, 1, 4), integer(g, 1, 3), integer(g, 1, 4)];
    const [reverse, resetAfter] = [choose(g, true, false), choose(g, true, false)];
    const bias = resetAfter ? [2, 3 * units] : [3 * units];
    return {
      ins: [[steps, batch, features], [features, 3 * units], [units, 3 * units], [batch, units], bias],
      build: (x, w, r, h0, b) => {
        const { h, lastH } = ops.gruSteps(x!, w!, r!, { b, h0: h0!, reverse, resetAfter });
        return [h, lastH];
      },
    };
  },
  gru(g) {
    const { weights, direction, initial } = recurrent(g, 3);
    const resetAfter = choose(g, true, false);
    return {
      ins: [...weights, ...initial],
      build: (x, w, r, b, initialH) => {
        const { y, h } = ops.gru(x!, w!, r!, { b, initialH, direction, resetAfter });
        return [y, h];
      },
    };
  },
  rnn(g) {
    const { weights, direction, initial } = recurrent(g, 1);
    return {
      ins: [...weights, ...initial],
      build: (x, w, r, b, initialH) => {
        const { y, h } = ops.rnn(x!, w!, r!, { b, initialH, direction });
        return [y, h];
      },
    };
  },
};

const onlySingle = (op: string): boolean =>
  (caseTables.find(([name]) => name === op)?.[1] ?? []).some(
    ({ float32, gradient }) => float32 !== undefined && gradient !== false,
  );
const dtypeOf = (op: string): DType => (onlySingle(op) ? 'float32' : 'float64');

function rowFor(op: string, g: GeneratorValue): Row {
  const drawn = table[op]!(g);
  const id = `${op} ${JSON.stringify(drawn.ins)} ${g(fc.integer)}`;
  const row = rowOf(id, op, { ins: drawn.ins as readonly OpCase['ins'][number][], of: { ...drawn, torch: '' } });
  // Drawn numbers have four decimals: two that are equal, or nearly, would put a kink in the way.
  const spread = row.inputs.map((input, i) =>
    input.dtype === 'float' && input.values.length > 1 ? { ...input, values: apart(`${id}/${i}`, input.values) } : input,
  );
  return { ...row, inputs: spread };
}

/** The same range of numbers, none nearer to another than a hundredth of it. */
function apart(text: string, values: readonly number[]): number[] {
  const order = draw(`${text}/order`, [values.length]).map((v, i) => [v, i] as const);
  order.sort(([a], [b]) => a - b);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const result: number[] = [];
  for (const [rank, [, i]] of order.entries()) result[i] = low + ((high - low) * rank) / (values.length - 1);
  return result;
}

describe('random shapes and options', () => {
  it.each(Object.keys(table))('%s', async (op) => {
    await fc.assert(
      fc.asyncProperty(fc.gen(), async (g) => {
        const row = rowFor(op, g);
        for (const level of ['disabled', 'all'] as const)
          expect(await problemsOf(row, { level, dtype: dtypeOf(op) }), row.id).toEqual([]);
        const { graph } = buildRow(row, { dtype: 'float32' });
        if (toposort(Object.values(graph.outputs)).some((node) => node.op.domain === ownDomain))
          expect(await problemsOf(row, { level: 'kernels', dtype: 'float32' }), row.id).toEqual([]);
      }),
      { seed: 2, numRuns: 6 },
    );
  });

  it('are drawn for every op with a gradient', () => {
    const reached = new Set<Op>();
    const add = (row: Row, dtype: DType): void => {
      for (const { op } of toposort(buildRow(row, { dtype, gradient: false }).outputs)) reached.add(op);
    };
    for (const row of rows)
      if (row.case.ins === 'any' || row.case.ins === 'broadcast') add(row, row.case.float32 ? 'float32' : 'float64');
    for (const op of Object.keys(table))
      fc.assert(
        fc.property(fc.gen(), (g) => add(rowFor(op, g), dtypeOf(op))),
        { seed: 2, numRuns: 6 },
      );
    const missing = emitters.filter(([, op]) => typeof op.gradient === 'function' && !reached.has(op));
    expect(missing.map(([name]) => name)).toEqual([]);
  });
});
