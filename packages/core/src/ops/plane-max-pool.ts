import { type Node, ownDomain, type Value } from '../graph/index.ts';
import type { OpCase } from './case.ts';
import { defineOp } from './define.ts';
import { maxPoolOp } from './max-pool.ts';
import { attrsOfPlane, planeWindows, type WindowInts, windowInts } from './plane-windows.ts';
import { type WindowAttrs, windowsOf } from './pool-window.ts';
import { relu } from './relu.ts';

/** The kernel keeps what a window sees of a row in a list of this length. */
const mostPlaces = 1024;

/** @internal */
export const planeMaxPoolOp = defineOp({
  type: 'PlaneMaxPool',
  domain: ownDomain,
  since: 1,
  inputs: ['x'],
  outputs: ['y'],
  attrs: { ...windowInts, rectified: { kind: 'int', default: 0 }, ceil_mode: { kind: 'int', default: 0 } },
  suits: ({ ins, attrs }) =>
    ins[0]!.dtype === 'float32' && ((attrs['wide'] as number) - 1) * (attrs['apart_across'] as number) < mostPlaces,
  infer: ({ x }, { ceil_mode, rectified: _, ...ints }) => ({
    y: maxPoolOp.op.infer([x], { ...attrsOfPlane(ints), ceil_mode, storage_order: 0 })[0]!,
  }),
  expand({ x }, { ceil_mode, rectified, ...ints }) {
    const { y } = maxPoolOp({ x }, { ...attrsOfPlane(ints), ceil_mode });
    return { y: rectified ? relu(y) : y };
  },
  grad: 'expanded',
});

/** Windows of a max pool on images, and whether what is below 0 becomes 0. */
export type PlanePool = WindowInts & { readonly ceil_mode: number; readonly rectified?: number };

/**
 * Largest element of each window of images `[batch, channels, height, width]`; `rectified`: 0 where that is below.
 * @internal
 */
export const planeMaxPool = (x: Value, windows: PlanePool): Value => planeMaxPoolOp({ x }, windows).y;

/**
 * The same as a max pool of ONNX; undefined where that is none of images, or its margins are known only at run time.
 * @internal
 */
export function asPlaneMaxPool({ op, attrs }: Node, x: Value): Value | undefined {
  if (op !== maxPoolOp.op || x.shape.length !== 4) return undefined;
  const windows = planeWindows(windowsOf('MaxPool', x, attrs as unknown as WindowAttrs));
  return windows && planeMaxPool(x, { ...windows, ceil_mode: attrs['ceil_mode'] as number });
}

const along = (kernel: number, stride: number, margin: number) => ({
  kernel,
  stride,
  dilation: 1,
  before: margin,
  after: margin,
});

/** @internal */
export const planeMaxPoolCases: OpCase[] = [
  {
    name: 'apart, rectified',
    ins: [[2, 3, 4, 6]],
    build: (x) => planeMaxPool(x, { ...planeWindows([along(2, 2, 0), along(2, 2, 0)])!, ceil_mode: 0, rectified: 1 }),
    torch: 'F.relu(F.max_pool2d(a, 2))',
  },
  {
    name: 'ceil, rectified',
    ins: [[2, 1, 6, 5]],
    build: (x) => planeMaxPool(x, { ...planeWindows([along(3, 2, 0), along(2, 2, 0)])!, ceil_mode: 1, rectified: 1 }),
    torch: 'F.relu(F.max_pool2d(a, (3, 2), 2, ceil_mode=True))',
  },
];
