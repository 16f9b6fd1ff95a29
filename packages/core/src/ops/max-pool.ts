import { fail } from '../errors.ts';
import { constant, type Joined, type Node, ownDomain, type Value } from '../graph/index.ts';
import { type Dim, full, productOf } from '../tensor/index.ts';
import { add } from './add.ts';
import type { OpCase } from './case.ts';
import { cast } from './cast.ts';
import { leastSizes } from './conv-geometry.ts';
import { defineOp } from './define.ts';
import { expandLike } from './expand.ts';
import { greater } from './greater.ts';
import { maxPositions } from './max-positions.ts';
import { maxUnpool } from './max-unpool.ts';
import { mod } from './mod.ts';
import { mul } from './mul.ts';
import { asImages, attrsOfPlane, planeWindows, type WindowInts, windowInts } from './plane-windows.ts';
import { apart, type PoolOptions, pooled, type WindowAttrs, windowAttrs, windowAttrsOf, windowsOf } from './pool-window.ts';
import { range } from './range.ts';
import { reduceProd } from './reduce-prod.ts';
import { reshape, reshapeLike } from './reshape.ts';
import { floating, ints } from './rules.ts';
import { scatterAdd } from './scatter-add.ts';
import { dimsOf, shapeOf } from './shape.ts';
import { slice } from './slice.ts';
import { sub } from './sub.ts';

/** @internal */
export const maxPoolOp = defineOp({
  type: 'MaxPool',
  since: 12,
  inputs: ['x'],
  outputs: ['y', 'indices'],
  attrs: { ...windowAttrs, storage_order: { kind: 'int', default: 0 } },
  infer({ x }, attrs) {
    const y = pooled('MaxPool', x, attrs);
    return { y, indices: { dtype: 'int64', shape: y.shape } };
  },
  least: ({ x }, attrs) => leastSizes(x, windowsOf('MaxPool', x, attrs)),
  join: joinPools,
  expand({ x }, attrs) {
    const { storage_order, ...window } = attrs;
    const indices = storage_order === 0 && maxPositions(x, windowsOf('MaxPool', x, attrs));
    return indices ? { y: largestOp({ x }, window).y, indices } : undefined;
  },
  grad({ x, indices, dy }, attrs, { given }) {
    if (attrs.storage_order !== 0)
      throw fail('no-gradient', { op: 'MaxPool with storage_order 1', at: '', path: 'input 0 of MaxPool' });
    const ints = planeWindows(windowsOf('MaxPool', x, attrs));
    if (!ints || !given[0] || given[1] || x.shape.length > 4) return { x: putBack(dy, indices, { x, attrs }) };
    return { x: searched(x, dy, { ...ints, ceil_mode: attrs.ceil_mode }) };
  },
});

/**
 * The gradient of a max pool of two axes, from what it was of: the kernel searches the windows again, which takes less time than to keep where
 * the largest elements stood. Without it that is what is done. `rectified`: nothing goes back to elements that are not above 0.
 *
 * @internal
 */
export const maxPoolGradientOp = defineOp({
  type: 'MaxPoolGradient',
  domain: ownDomain,
  since: 1,
  inputs: ['x', 'dy'],
  outputs: ['dx'],
  attrs: { ...windowInts, rectified: { kind: 'int', default: 0 }, ceil_mode: { kind: 'int', default: 0 } },
  suits: ({ ins }) => ins[0]!.dtype === 'float32',
  infer: ({ x }) => ({ dx: { dtype: floating('MaxPoolGradient', x).dtype, shape: x.shape } }),
  expand({ x, dy }, { ceil_mode, rectified, ...ints }) {
    const attrs = { ...attrsOfPlane(ints), ceil_mode };
    const { y, indices } = maxPoolOp({ x }, attrs);
    const passed = rectified ? mul(dy, cast(greater(y, 0), dy.dtype)) : dy;
    return { dx: putBack(passed, indices, { x, attrs }) };
  },
  grad: 'expanded',
});

/**
 * Pools of the same windows are one. Positions cost half as much again, and keep ONNX Runtime from its blocked layout: left out where
 * nobody reads them.
 */
function joinPools(nodes: readonly Node[], isRead: (value: Value) => boolean): Joined[] {
  const alike = new Map<string, Node[]>();
  for (const node of nodes) {
    const attrs = node.attrs as WindowAttrs & { readonly storage_order: number };
    const key = JSON.stringify([attrs.storage_order, windowsOf('MaxPool', node.ins[0]!, attrs)]);
    alike.set(key, [...(alike.get(key) ?? []), node]);
  }
  return [...alike.values()].map((same) => {
    const [{ ins, attrs }] = same as [Node, ...Node[]];
    const [ys, positions] = [0, 1].map((which) => same.map(({ outs }) => outs[which]!)) as [Value[], Value[]];
    return { ins, attrs, outs: positions.some(isRead) ? [ys, positions] : [ys] };
  });
}

function searched(x: Value, dy: Value, windows: WindowInts & { readonly ceil_mode: number }): Value {
  return reshapeLike(maxPoolGradientOp({ x: asImages(x), dy: asImages(dy) }, windows).dx, x);
}

/** As {@link maxPoolOp}, without positions; only what runs is made of it. */
const largestOp = defineOp({
  type: 'MaxPool',
  since: 12,
  inputs: ['x'],
  outputs: ['y'],
  attrs: windowAttrs,
  infer: ({ x }, attrs) => ({ y: pooled('MaxPool', x, attrs) }),
  least: ({ x }, attrs) => leastSizes(x, windowsOf('MaxPool', x, attrs)),
  grad: 'unknown',
});

/** Zeros shaped like `x`, and what comes in for each window added where its largest element stood. */
function putBack(dy: Value, indices: Value, { x, attrs }: { readonly x: Value; readonly attrs: WindowAttrs }): Value {
  // MaxUnpool is the fastest, but it assigns, so no position may come twice; and it knows float32 only.
  if (x.dtype === 'float32' && apart(windowsOf('MaxPool', x, attrs))) return maxUnpool(dy, indices, x);
  // One row for each image and channel: what is added to different rows can run in different threads.
  const rows = (v: Value): Value => reshape(v, [...v.shape.slice(0, 2), productOf(v.shape.slice(2))]);
  const zeros = rows(expandLike(constant(full([], 0, x.dtype)), x));
  return reshapeLike(scatterAdd(zeros, rows(withinImage(indices, x)), rows(dy), { axis: 2 }), x);
}

/** Positions counted through all of `x` as positions inside one image and channel. */
function withinImage(indices: Value, x: Value): Value {
  const [batch, channels, ...spatial] = x.shape as [Dim, Dim, ...Dim[]];
  const size = productOf(spatial);
  if (typeof size !== 'number') return mod(indices, reduceProd(slice(shapeOf(x), { starts: [2], ends: [Infinity] })));
  if (typeof channels !== 'number') return mod(indices, ints([size]));
  // Where each image and channel begins; to subtract that costs a tenth of a division.
  const along = (n: Value, axis: number): Value =>
    reshape(
      n,
      indices.shape.map((_, i) => (i === axis ? -1 : 1)),
    );
  const images = mul(range(0, typeof batch === 'number' ? batch : dimsOf([batch], x), 1), ints([channels * size]));
  return sub(indices, add(along(images, 0), along(mul(range(0, channels, 1), ints([size])), 1)));
}

/**
 * Largest element of each window. Of elements that tie, the first one gets the gradient.
 *
 * Shapes: `[batch, channels, ...S] -> [batch, channels, ...floor((S + margins - (kernel - 1) dilation - 1) / stride) + 1]`, one
 * to three spatial axes. Errors: `shape-mismatch` for a window larger than the input, `bad-value` for options that do not fit.
 * Source: ONNX MaxPool-12, torch.nn.functional.max_pool2d.
 *
 * @example
 * import { graphInput, ops } from '@stratus/core';
 * const x = graphInput('x', ['batch', 32, 30, 30]);
 * console.log(ops.maxPool(x, { kernelShape: [2, 2], strides: [2, 2] }).shape); // ['batch', 32, 15, 15]
 */
export const maxPool = (x: Value, options: PoolOptions): Value => maxPoolWithIndices(x, options).values;

/**
 * As {@link maxPool}; with the position of each largest element, counted through all axes of `x` (int64).
 *
 * @example
 * import { graphInput, ops } from '@stratus/core';
 * const { indices } = ops.maxPoolWithIndices(graphInput('x', [1, 1, 9]), { kernelShape: [3] });
 * console.log(indices.dtype, indices.shape); // int64 [ 1, 1, 7 ]
 */
export const maxPoolWithIndices = (x: Value, options: PoolOptions): { readonly values: Value; readonly indices: Value } => {
  const { y, indices } = maxPoolOp({ x }, windowAttrsOf(options));
  return { values: y, indices };
};

/** @internal */
export const maxPoolCases: OpCase[] = [
  {
    name: 'apart',
    ins: [[2, 3, 4, 6]],
    build: (x) => maxPool(x, { kernelShape: [2, 2], strides: [2, 2] }),
    torch: 'F.max_pool2d(a, 2)',
  },
  {
    name: 'what is left over',
    ins: [[2, 2, 5, 7]],
    build: (x) => maxPool(x, { kernelShape: [2, 3], strides: [3, 3] }),
    torch: 'F.max_pool2d(a, (2, 3), 3)',
  },
  {
    name: 'overlap and margin',
    ins: [[2, 2, 5, 6]],
    build: (x) =>
      maxPool(x, {
        kernelShape: [3, 3],
        strides: [2, 2],
        pads: [
          [1, 1],
          [1, 1],
        ],
      }),
    torch: 'F.max_pool2d(a, 3, 2, 1)',
  },
  {
    name: 'margin apart',
    ins: [[2, 1, 5, 5]],
    build: (x) =>
      maxPool(x, {
        kernelShape: [2, 2],
        strides: [2, 2],
        pads: [
          [1, 0],
          [1, 0],
        ],
      }),
    torch: 'F.max_pool2d(F.pad(a, (1, 0, 1, 0), value=-math.inf), 2)',
  },
  {
    name: 'one axis',
    ins: [[2, 3, 8]],
    build: (x) => maxPool(x, { kernelShape: [3], dilations: [2] }),
    torch: 'F.max_pool1d(a, 3, 1, 0, 2)',
  },
  {
    name: 'three axes',
    ins: [[2, 2, 3, 4, 5]],
    build: (x) => maxPool(x, { kernelShape: [2, 2, 3], strides: [1, 2, 2] }),
    torch: 'F.max_pool3d(a, (2, 2, 3), (1, 2, 2))',
  },
  {
    name: 'ceil',
    ins: [[2, 1, 6, 5]],
    build: (x) => maxPool(x, { kernelShape: [3, 2], strides: [2, 2], ceilMode: true }),
    torch: 'F.max_pool2d(a, (3, 2), 2, ceil_mode=True)',
  },
  {
    name: 'same',
    ins: [[2, 1, 5, 4]],
    build: (x) => maxPool(x, { kernelShape: [2, 3], strides: [2, 2], autoPad: 'SAME_UPPER' }),
    torch: 'F.max_pool2d(F.pad(a, (0, 1, 0, 1), value=-math.inf), (2, 3), 2)',
  },
  {
    name: 'ties',
    ins: [{ values: [[[3, 3, 1, 2, 2, 2, 0, 0]]] }],
    build: (x) => maxPool(x, { kernelShape: [2], strides: [2] }),
    torch: 'F.max_pool1d(a, 2)',
  },
  {
    name: 'positions',
    ins: [[2, 2, 4, 4]],
    build: (x) => maxPoolWithIndices(x, { kernelShape: [2, 2], strides: [2, 2] }).indices,
    torch: 'F.max_pool2d(a, 2, return_indices=True)[1] + 16 * torch.arange(4).reshape(2, 2, 1, 1)',
    gradient: false,
  },
];
